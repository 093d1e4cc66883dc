import { beforeAll, describe, it } from 'vitest';
import { expectDerivatives, expectTail } from '../kinks/expectations.js';
import { flatCases } from '../kinks/flat-cases.js';
import { poolingCases } from '../kinks/pooling-cases.js';
import { sideCases } from '../kinks/side-cases.js';
import { smoothCases } from '../kinks/smooth-cases.js';
import { tailCases } from '../kinks/tail-cases.js';
import { backend, isDevice, useBackend } from './backend.js';

// As in test/unit/autodiff/rules/kinks.test.ts: values of size 1 to 20 and a handful of float32 operations.
const tolerance = 2e-5;

describe(`derivatives where pieces meet, on ${backend}`, () => {
  beforeAll(() => useBackend());

  // The kernels of GPUs for the gradient of maximum pooling multiply by 0 and 1.
  const flat = flatCases.filter(({ name }) => !isDevice || name !== 'the root of maxPool');

  it.each(
    [...smoothCases, ...sideCases, ...flat, ...poolingCases].map(
      (kinkCase) => [kinkCase.name, kinkCase] as const,
    ),
  )('%s', (_, kinkCase) => expectDerivatives(kinkCase, tolerance));
});

describe(`derivatives in the tails, on ${backend}`, () => {
  beforeAll(() => useBackend());

  // Mish takes tanh of a softplus, of which the kernels of GPUs keep few digits where it is small.
  const cases = tailCases.filter(({ name }) => !isDevice || name !== 'a mish layer');

  it.each(cases.map((tailCase) => [tailCase.name, tailCase] as const))('%s', (_, tailCase) =>
    expectTail(tailCase, tolerance),
  );
});
