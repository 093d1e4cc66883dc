import { CurvatureArgumentError } from '../errors.js';
import { engineInternals, requireGradients } from '../tfjs/engine.js';
import { tapeInCharge } from './tape-in-charge.js';

/**
 * Throws unless derivatives can be taken here: TensorFlow.js is set up, and its own tape, which would not see what is
 * done here, is not on.
 */
export function requireDifferentiable(where: string): void {
  requireGradients(where);
  if (tapeInCharge() != null || engineInternals().state.gradientDepth === 0) return;
  throw new CurvatureArgumentError(
    where,
    "to be called outside of TensorFlow.js's own tf.grad, tf.variableGrads and optimizer.minimize, or after " +
      'registerExactGradients()',
    'a call from inside a function that TensorFlow.js is differentiating itself',
  );
}
