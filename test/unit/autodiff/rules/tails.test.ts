import { afterAll, beforeAll, describe, it } from 'vitest';
import { registerWasmTrainingKernels } from '../../../../src/wasm/index.js';
import { expectTail } from '../../../kinks/expectations.js';
import { tailCases } from '../../../kinks/tail-cases.js';
import { useBackend } from '../../../wasm-backend.js';

// Five float32 functions of error up to 2 units each; where terms of a curvature cancel, as near its zeros, ten times that.
const tolerance = 1e-5;

describe.each([
  ['cpu', false],
  ['wasm', false],
  ['wasm', true],
] as const)('derivatives in the tails, on %s (kernels of this package: %s)', (backend, withOurKernels) => {
  let undo: (() => void) | null = null;
  beforeAll(async () => {
    await useBackend(backend);
    if (withOurKernels) undo = await registerWasmTrainingKernels();
  });
  afterAll(() => undo?.());

  it.each(tailCases.map((tailCase) => [tailCase.name, tailCase] as const))('%s', (_, tailCase) =>
    expectTail(tailCase, tolerance),
  );
});
