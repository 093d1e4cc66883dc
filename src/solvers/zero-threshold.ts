import { requireArgument } from '../errors.js';
import type { WithMagnitude } from '../operators/magnitude.js';
import { MOST_TURNS, pause, ZERO_SHARE } from '../operators/magnitude.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { RemoteAnswer } from './product.js';
import type { ProductBudget } from './product-budget.js';

/**
 * The largest |vᵀAv|, ‖Av‖ or |uᵀAv − vᵀAu| of unit vectors that is zero to rounding: 1e-6 of the operator's
 * magnitude, 0 for an operator that has none. It may cost a few products the first time: ask where products look
 * wrong, not before.
 */
export function* zeroThreshold(operator: WithMagnitude): SolverSteps<number> {
  if (operator.magnitude == null) return 0;
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const answer = operator.magnitude();
    const magnitude =
      answer instanceof Promise
        ? (yield new RemoteAnswer(answer.then((m) => Float32Array.of(m))))[0]!
        : answer;
    if (Number.isNaN(magnitude)) {
      yield new RemoteAnswer(pause());
      continue;
    }
    const isSize = Number.isFinite(magnitude) && magnitude >= 0;
    requireArgument(isSize, 'LinearOperator.magnitude', 'a finite number >= 0, or NaN', magnitude);
    return ZERO_SHARE * magnitude;
  }
  return 0;
}

/** {@link zeroThreshold}, or null where a budget does not allow to ask for it. */
export function* zeroWithin(budget: ProductBudget, operator: WithMagnitude): SolverSteps<number | null> {
  return budget.takeMagnitude(operator) ? yield* zeroThreshold(operator) : null;
}
