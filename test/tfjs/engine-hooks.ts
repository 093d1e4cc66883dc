import * as tf from '@tensorflow/tfjs-core';

/** The methods of the engine that a run puts its own in place of. Tests make engines of their own: all share these. */
export interface EngineMethods {
  setBackend(this: EngineMethods, name: string): Promise<boolean>;
  gradients(
    this: EngineMethods,
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy?: tf.Tensor | null,
    allowNoGradients?: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | null)[] };
}

export const engineMethods = Object.getPrototypeOf(tf.engine()) as EngineMethods;

/** How often what is tested was used: a run in which it was not proves nothing. */
const uses = (globalThis as { uses?: Record<string, number> }).uses ?? {};
Object.assign(globalThis, { uses });

export function countUse(of: string): void {
  uses[of] = (uses[of] ?? 0) + 1;
}
