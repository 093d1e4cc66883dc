import type { Tensor } from '@tensorflow/tfjs-core';
import { losses as coreLosses } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';
import type { LossFunction } from './loss-functions.js';
import { namedLoss } from './loss-functions.js';
import { shapeText } from './model-data.js';

/** The losses of tfjs-layers that compare target and output entry by entry. */
const elementwise = [
  'meanSquaredError',
  'meanAbsoluteError',
  'meanAbsolutePercentageError',
  'meanSquaredLogarithmicError',
  'categoricalCrossentropy',
  'binaryCrossentropy',
  'squaredHinge',
  'hinge',
  'categoricalHinge',
  'logcosh',
  'kullbackLeiblerDivergence',
  'poisson',
  'cosineProximity',
];

/**
 * Throws unless each target has the shape that its loss takes: that of the output, or, for class numbers, one without the
 * last axis or with 1 there. Tensors of other shapes may broadcast to a loss that means nothing. A loss that is not one of
 * TensorFlow.js's own takes what it likes.
 */
export function requireTargetShapes(
  model: LayersModel,
  losses: readonly LossFunction[],
  ys: readonly Tensor[],
  where: string,
): void {
  model.outputs.forEach(({ shape }, i) => {
    const accepted = acceptedShapes(losses[i]!, shape, where);
    const { shape: given } = ys[i]!;
    const fits = (wanted: readonly (number | null)[]): boolean =>
      wanted.length === given.length && wanted.every((size, axis) => size == null || size === given[axis]);
    requireArgument(
      accepted == null || accepted.some(fits),
      where,
      `ys of shape ${accepted?.map(shapeText).join(' or ')}`,
      ys[i],
    );
  });
}

/** The shapes that a loss takes for its targets; null if that is not known. */
function acceptedShapes(
  loss: LossFunction,
  output: readonly (number | null)[],
  where: string,
): (readonly (number | null)[])[] | null {
  if (loss === namedLoss('sparseCategoricalCrossentropy', where)) {
    const examples = output.slice(0, -1);
    return [examples, [...examples, 1]];
  }
  const isElementwise =
    elementwise.some((name) => loss === namedLoss(name, where)) ||
    Object.values(coreLosses).some((known) => known === (loss as unknown));
  return isElementwise ? [output] : null;
}
