import { Variable } from '@tensorflow/tfjs-core';

/**
 * Runs `f` so that nothing of the user's moves and the result depends on the variables alone:
 *
 * - assignments to variables (the moving averages of batch normalisation) are not carried out;
 * - `Math.random`, which TensorFlow.js seeds dropout and noise from, replays one fixed sequence, and its own
 *   sequence is not advanced.
 */
export function withoutSideEffects<T>(f: () => T): T {
  const prototype = Variable.prototype as { assign: (value: unknown) => void };
  const { assign } = prototype;
  const { random } = Math;
  prototype.assign = () => {};
  Math.random = weylSequence();
  try {
    return f();
  } finally {
    prototype.assign = assign;
    Math.random = random;
  }
}

/** Equidistributed numbers in [0, 1), enough to seed generators: fractional parts of multiples of 1/φ. */
function weylSequence(): () => number {
  const step = (Math.sqrt(5) - 1) / 2;
  let state = 0;
  return () => (state = (state + step) % 1);
}
