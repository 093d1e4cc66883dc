import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { argMax, cast, clone, keep, reshape, tidy } from '@tensorflow/tfjs-core';
import { synchronousRead } from '../tfjs/capabilities.js';
import { readOnce } from '../tfjs/read-once.js';

/** Class numbers [N] of targets that hold them, or are one-hot. */
export function classesOf(target: Tensor): Tensor1D {
  const isOneHot = target.rank === 2 && target.shape[1]! > 1;
  return cast(isOneHot ? argMax(target, 1) : reshape(target, [-1]), 'float32') as Tensor1D;
}

/**
 * Looks through class numbers for one to refuse: at once where the device is read at once, else as soon as they are read.
 *
 * @param classes [N]; it is disposed
 * @returns throws what `refuse` makes of the first such class once it is known of
 */
export function classCheck(
  classes: Tensor1D,
  isAllowed: (one: number) => boolean,
  refuse: (one: number) => Error,
): () => void {
  let refused: number | undefined;
  const look = (numbers: ArrayLike<number>): void => {
    refused = Array.from(numbers).find((one) => !isAllowed(one));
  };
  const requireAllowed = (): void => {
    if (refused !== undefined) throw refuse(refused);
  };
  if (synchronousRead() === 'free') {
    look(classes.dataSync());
    classes.dispose();
    requireAllowed();
  } else {
    // What cannot be read is not known of.
    void readOnce(classes).then(look, () => undefined);
  }
  return requireAllowed;
}

/** All numbers of a tensor, for {@link classCheck} to read whenever it can. */
export function keptNumbers(tensor: Tensor): Tensor1D {
  return tidy(() => keep(clone(reshape(cast(tensor, 'float32'), [-1])))) as Tensor1D;
}
