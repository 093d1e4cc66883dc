import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add, sub, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { parameterSpace } from '../../../src/parameters.js';
import { combination, coordinates } from '../../../src/rows.js';
import { weightVariables } from '../../../src/variables.js';

/**
 * Keeps of a step only its part in the span of orthonormal rows V: θ ← θ₀ + VᵀV (θ − θ₀).
 *
 * @param rows [k, n], stay the caller's
 */
export async function stepWithin(
  rows: Tensor2D,
  model: LayersModel,
  step: () => Promise<void>,
): Promise<void> {
  const where = 'stepWithin';
  const parameters = parameterSpace(weightVariables(model.trainableWeights, where), where);
  const before = parameters.read();
  await step();
  const kept = tidy(() => {
    const along = coordinates(rows, sub(parameters.read(), before) as Tensor1D);
    return add(before, combination(rows, along)) as Tensor1D;
  });
  parameters.write(kept);
  before.dispose();
  kept.dispose();
}
