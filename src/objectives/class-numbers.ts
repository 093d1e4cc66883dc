import type { Tensor } from '@tensorflow/tfjs-core';
import { cast, keep, reshape, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError } from '../errors.js';
import { synchronousRead } from '../tfjs/capabilities.js';
import { readOnce } from '../tfjs/read-once.js';
import type { LossFunction } from './loss-functions.js';
import { isSparse } from './loss-functions.js';

/**
 * Looks through class numbers for one to refuse: at once where the device is read at once, else as soon as they are read.
 *
 * @param numbers makes a tensor of class numbers, or returns one that stays the caller's
 * @returns throws what `refuse` makes of the first such class once it is known of
 */
export function classCheck(
  numbers: () => Tensor,
  isAllowed: (one: number) => boolean,
  refuse: (one: number) => Error,
): () => void {
  let refused: number | undefined;
  const look = (classes: ArrayLike<number>): void => {
    refused = Array.from(classes).find((one) => !isAllowed(one));
  };
  const requireAllowed = (): void => {
    if (refused !== undefined) throw refuse(refused);
  };
  const classes = tidy(() => keep(reshape(cast(numbers(), 'float32'), [-1])));
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

/**
 * Looks for class numbers that an output has no class for. TensorFlow.js makes a row of zeros of each, and with it a loss
 * of 0.
 *
 * @param portions the targets of each portion of the data, one per output
 * @returns each throws once such a class is known of
 * @throws CurvatureArgumentError for such a class, where the device is read at once
 */
export function classNumberChecks(
  model: LayersModel,
  losses: readonly LossFunction[],
  portions: readonly (readonly Tensor[])[],
  where: string,
): (() => void)[] {
  return model.outputs.flatMap(({ shape }, i) => {
    if (!isSparse(losses[i]!, where)) return [];
    const classes = shape.at(-1) ?? Infinity;
    const isClass = (one: number): boolean => one >= 0 && one < classes && one % 1 === 0;
    const expected = `class numbers from 0 to ${classes - 1} as ys`;
    const refuse = (one: number): Error => new CurvatureArgumentError(where, expected, `${one}`);
    return portions.map((ys) => classCheck(() => ys[i]!, isClass, refuse));
  });
}
