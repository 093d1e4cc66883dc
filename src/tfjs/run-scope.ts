import type { Tensor } from '@tensorflow/tfjs-core';
import { engine } from '@tensorflow/tfjs-core';

/** The name of the engine's scopes that are no `tf.tidy` of a user: nothing is disposed at their end. */
export const runScopeName = 'tfjs-curvature run';

/** Tensors that a user's code has made in the middle of a run. */
const foreign = new WeakSet<Tensor>();

/**
 * What a run makes on the device, turn by turn, so that nothing of it stays if the run fails: whichever call threw,
 * and whether or not the one who made a tensor had got as far as to take care of it.
 *
 * Not the run's are tensors that were kept (`tf.keep`), which have an owner, and those of {@link byUser}.
 */
export class RunScope {
  private made: Tensor[] = [];
  /** How many tensors may be noted before those that are gone are sorted out. */
  private room = 256;

  /** Runs a turn, which is synchronous. Its tensors live on after it. */
  turn<T>(f: () => T): T {
    engine().startScope(runScopeName);
    try {
      return f();
    } finally {
      const { track } = engine().state.activeScope;
      this.made.push(...track);
      // What is returned from a scope is handed to the one around it.
      engine().endScope([...track]);
      if (this.made.length > this.room) this.sortOut();
    }
  }

  /** Disposes what the run has made. */
  discard(): void {
    this.sortOut();
    for (const tensor of this.made) tensor.dispose();
    this.made = [];
  }

  private sortOut(): void {
    this.made = this.made.filter((tensor) => !tensor.isDisposed && !tensor.kept && !foreign.has(tensor));
    this.room = Math.max(256, 2 * this.made.length);
  }
}

/** Runs `f`, synchronous work, so that nothing it has made stays on the device if it fails: see {@link RunScope}. */
export function leavingNothing<T>(f: () => T): T {
  const scope = new RunScope();
  try {
    return scope.turn(f);
  } catch (error) {
    scope.discard();
    throw error;
  }
}

/** Runs code of the user in the middle of a run: the tensors that it makes are the user's, but for those it returns. */
export function byUser<T>(f: () => T): T {
  engine().startScope(runScopeName);
  let result: T | undefined;
  try {
    result = f();
    return result;
  } finally {
    const { track } = engine().state.activeScope;
    for (const tensor of track) if (tensor !== result) foreign.add(tensor);
    engine().endScope([...track]);
  }
}

/** A function of the user that a run may call: see {@link byUser}. */
export function userFunction<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => byUser(() => f(...args));
}
