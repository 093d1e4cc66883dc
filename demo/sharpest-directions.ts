import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { EigenResult, Objective } from '../src/index.js';
import { HessianOperator, lanczos, modelObjective } from '../src/index.js';
import type { Examples } from './examples.js';

/** The loss of a net on all the examples given, taken at once. */
export function objectiveOf(model: LayersModel, data: Examples): Objective {
  return modelObjective(model, data, { batchSize: data.xs.shape[0]! });
}

/**
 * Hands on e₁ and e₂, the two sharpest directions at the present weights, and disposes them. Equal weights give equal
 * directions, signs included, so that e₁ points the same way in all figures.
 */
export async function withSharpest<T>(
  objective: Objective,
  use: (directions: EigenResult, hessian: HessianOperator) => Promise<T>,
): Promise<T> {
  const hessian = new HessianOperator(objective);
  try {
    const directions = await lanczos(hessian, { k: 2, tol: 1e-3 });
    try {
      return await use(directions, hessian);
    } finally {
      directions.dispose();
    }
  } finally {
    hessian.dispose();
  }
}
