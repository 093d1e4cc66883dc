import { tidy } from '@tensorflow/tfjs-core';
import { readOnce } from '../tfjs/read-once.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { Objective } from '../objectives/objective.js';
import type { HessianOptions } from '../operators/hessian.js';
import { HessianOperator } from '../operators/hessian.js';

/**
 * The Hessian of an objective at the present weights.
 *
 * @returns the operator, which the caller disposes; null where the loss is no finite number, so that training that
 *   has diverged goes on as it would without us
 * @throws what `HessianOperator` throws for any other reason
 */
export async function finiteHessian(
  objective: Objective,
  options: HessianOptions,
): Promise<HessianOperator | null> {
  try {
    return new HessianOperator(objective, options);
  } catch (error) {
    if (await isFinite(objective)) throw error;
    return null;
  }
}

async function isFinite(objective: Objective): Promise<boolean> {
  for (const term of objective.terms) {
    const [value] = await readOnce(evaluateTerm(objective, () => tidy(() => term.loss())));
    if (!Number.isFinite(value)) return false;
  }
  return true;
}
