import { ParameterLease } from '../objectives/parameter-lease.js';
import type { ParameterSpace } from '../parameters.js';
import type { SolverSteps } from '../tfjs/drive.js';

/**
 * Runs steps at parameters of their own. While the driver waits for numbers the variables have the values of their
 * owner; these stay, bit for bit, also when a step throws or the driver stops the run.
 *
 * @param where the public function to name in errors
 * @param kind `exclusive` for steps that move the parameters
 * @param steps are given the lease, to begin again from the owner's values
 * @throws CurvatureArgumentError where a step is to be taken after someone else assigned to the parameters
 */
export function* holdingParameters<R>(
  parameters: ParameterSpace,
  where: string,
  kind: 'exclusive' | 'shared',
  steps: (lease: ParameterLease) => SolverSteps<R>,
): SolverSteps<R> {
  const lease = new ParameterLease(parameters, where, kind);
  const inner = steps(lease);
  const takeTurn = (next: () => IteratorResult<Turn<R>, R>): IteratorResult<Turn<R>, R> => {
    try {
      lease.enter();
    } catch (error) {
      return inner.throw(error);
    }
    try {
      return next();
    } finally {
      lease.leave();
    }
  };
  try {
    let turn = takeTurn(() => inner.next());
    while (!turn.done) {
      let values: Float32Array;
      try {
        values = yield turn.value;
      } catch (error) {
        turn = inner.throw(error);
        continue;
      }
      turn = takeTurn(() => inner.next(values));
    }
    return turn.value;
  } finally {
    lease.release();
  }
}

type Turn<R> = SolverSteps<R> extends Generator<infer Yielded> ? Yielded : never;
