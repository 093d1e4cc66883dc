import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useBackend } from '../../../wasm-backend.js';
import { relativeError } from '../../../golden-case.js';
import { opCases } from './cases/all.js';
import { type Derivatives, OpProblem, type Reference, referenceOf } from './op-check.js';

/** Float32 differences of the gradient hold 1e-4 to 5e-4; a factor or term that is wrong shows as 1e-2 and more. */
const tolerance = 2e-3;

function requireDerivatives(
  { gradient, product }: Derivatives,
  { slopes, product: wanted }: Reference,
): void {
  const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
  expect(norm, 'gradient').toBeGreaterThan(0);
  for (const { direction, slope } of slopes) {
    const length = Math.sqrt(direction.reduce((sum, d) => sum + d * d, 0));
    const ours = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    expect(Math.abs(ours - slope) / (norm * length), 'slope').toBeLessThan(tolerance);
  }
  expect(relativeError(product, wanted), 'Hv').toBeLessThan(tolerance);
}

describe('second derivatives of single ops', () => {
  it.each(opCases.map((opCase) => [`${opCase.kernel} ${opCase.setting ?? ''}`.trim(), opCase] as const))(
    '%s',
    async (_, opCase) => {
      const problem = new OpProblem(opCase);
      const reference = await referenceOf(problem);
      for (const backend of opCase.backends ?? (['cpu', 'wasm'] as const)) {
        await useBackend(backend);
        const before = tf.memory().numTensors;
        requireDerivatives(problem.derivatives(), reference);
        expect(tf.memory().numTensors, 'tensors').toBe(before);
      }
    },
  );
});
