import type { Tensor } from '@tensorflow/tfjs-core';
import { cast, concat, gather, oneHot, reshape, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe } from '../errors.js';
import type { Schema } from '../options.js';
import { anyInteger, byDefault, integer, number, readOptions, requireIs } from '../options.js';
import { SeededRandom } from '../random.js';

/** Which labels are replaced, and by what. */
export interface RandomLabelOptions {
  /** Chance of each label to be replaced, 0 to 1. Default 1: all. */
  readonly fraction?: number;
  /**
   * Number of classes of labels given as class numbers; one-hot labels tell it themselves. Default for a model that is analysed:
   * as many as it has outputs, 2 for one.
   */
  readonly classes?: number;
  /** Default 0. Equal seeds give equal labels. */
  readonly seed?: number;
}

const schema = {
  fraction: byDefault(number({ from: 0, to: 1 }), 1),
  classes: integer(2),
  seed: byDefault(anyInteger, 0),
} satisfies Schema<RandomLabelOptions>;

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
  const { fraction, seed, ...given } = readOptions(options, schema, where);
  const isOneHot = ys?.rank === 2 && ys.shape[1]! > 1;
  const isNumbered = ys?.rank === 1 || (ys?.rank === 2 && ys.shape[1] === 1);
  if (!isOneHot && !isNumbered) {
    throw new CurvatureArgumentError(where, 'labels [N, classes], [N] or [N, 1]', describe(ys));
  }
  const classes = isOneHot ? ys.shape[1] : given.classes;
  requireIs(classes, schema.classes, 'classes', where);
  const random = new SeededRandom(seed);
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
