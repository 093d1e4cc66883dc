import type { Tensor } from '@tensorflow/tfjs-core';
import { cast, concat, gather, oneHot, reshape, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { OptionNames } from '../errors.js';
import { CurvatureArgumentError, describe, requireArgument, requireOptions } from '../errors.js';
import { SeededRandom } from '../random.js';

/** Which labels are replaced, and by what. */
export interface RandomLabelOptions {
  /** Chance of each label to be replaced, 0 to 1. Default 1: all. */
  readonly fraction?: number;
  /** Number of classes of labels given as class numbers; one-hot labels tell it themselves. */
  readonly classes?: number;
  /** Default 0. Equal seeds give equal labels. */
  readonly seed?: number;
}

const randomLabelOptionNames: OptionNames<RandomLabelOptions> = {
  fraction: 'value',
  classes: 'value',
  seed: 'value',
};

/**
 * Labels that say nothing about the examples: each is replaced, with chance `fraction`, by a class drawn uniformly,
 * which may be the right one. A network that fits such labels has memorised them, and does so in a sharper region
 * (Zhang et al. 2017, "Understanding deep learning requires rethinking generalization"; Jastrzębski et al. 2019).
 *
 * @param ys one-hot [N, C], or class numbers [N] or [N, 1] with `classes`; stays as it is
 * @param options see {@link RandomLabelOptions}
 * @returns a new tensor shaped and typed like `ys`, owned by the caller
 * @throws CurvatureArgumentError for a fraction outside [0, 1], or labels of another form
 * @example
 * const random = randomLabels(ys, { seed: 1 }); // ys: one-hot rows
 */
export function randomLabels(ys: Tensor, options: RandomLabelOptions = {}): Tensor {
  const where = 'randomLabels';
  requireOptions(options, randomLabelOptionNames, where);
  const { fraction = 1, seed = 0 } = options;
  const isFraction = Number.isFinite(fraction) && fraction >= 0 && fraction <= 1;
  requireArgument(isFraction, where, 'a fraction from 0 to 1', fraction);
  const isOneHot = ys?.rank === 2 && ys.shape[1]! > 1;
  const isNumbered = ys?.rank === 1 || (ys?.rank === 2 && ys.shape[1] === 1);
  if (!isOneHot && !isNumbered) {
    throw new CurvatureArgumentError(where, 'labels [N, classes], [N] or [N, 1]', describe(ys));
  }
  const classes = isOneHot ? ys.shape[1]! : options.classes;
  if (classes == null || !Number.isInteger(classes) || classes < 2) {
    throw new CurvatureArgumentError(where, 'classes, the number of classes, from 2', describe(classes));
  }
  const random = new SeededRandom(seed, where);
  const count = ys.shape[0]!;
  const replaced = Array.from({ length: count }, () => random.uniform() < fraction);
  const drawn = Int32Array.from({ length: count }, () => Math.floor(random.uniform() * classes));
  return tidy(() => {
    const numbers = tensor1d(drawn, 'int32');
    const fresh = cast(isOneHot ? oneHot(numbers, classes) : reshape(numbers, ys.shape), ys.dtype);
    // Row i of the old labels is row i of both, row i of the new ones is row count + i.
    const rows = Int32Array.from(replaced, (isReplaced, i) => (isReplaced ? count + i : i));
    return gather(concat([ys, fresh], 0), tensor1d(rows, 'int32'));
  });
}
