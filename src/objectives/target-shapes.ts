import type { Tensor } from '@tensorflow/tfjs-core';
import { broadcast_util, losses as coreLosses } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';
import { fitsShape, shapeText } from './batches.js';
import type { LossFunction } from './loss-functions.js';
import { elementwiseLosses, isSparse, namedLoss } from './loss-functions.js';

type Shape = readonly (number | null)[];

/** What a loss takes for targets. */
interface Targets {
  readonly shapes: readonly Shape[];
  /** Whether it takes those of another shape, too. Default: none. */
  readonly others?: (given: Tensor) => boolean;
  /** What to write instead of targets of another shape. */
  readonly remedy: (given: Tensor) => string | null;
}

/**
 * Throws unless each target has the shape that its loss takes: that of the output, or, for class numbers, one without the
 * last axis or with 1 there. Tensors of other shapes may broadcast to a loss that means nothing. A loss function of the user's
 * own takes what `fit` takes where the model was compiled with it: the shape of the output. Where it is an option it takes
 * class numbers, too, and whatever cannot broadcast by mistake.
 *
 * @param areCompiled whether the losses are those that the model was compiled with
 */
export function requireTargetShapes(
  model: LayersModel,
  { losses, areCompiled }: { readonly losses: readonly LossFunction[]; readonly areCompiled: boolean },
  ys: readonly Tensor[],
  where: string,
): void {
  model.outputs.forEach(({ shape }, i) => {
    const loss = losses[i]!;
    const given = ys[i]!;
    const targets = acceptedTargets(loss, shape, where) ?? targetsOfOwnLoss(shape, areCompiled);
    const { shapes, others } = targets;
    const fits = shapes.some((wanted) => fitsShape(given, wanted)) || others?.(given) === true;
    const expected = `ys of shape ${shapes.map(shapeText).join(' or ')}`;
    requireArgument(fits, where, expected, given, targets.remedy(given));
    requireArgument(
      !isSparse(loss, where) || given.dtype === 'float32',
      where,
      'float32 class numbers as ys for sparseCategoricalCrossentropy',
      given,
      "Write tf.cast(ys, 'float32')",
    );
  });
}

/** What a loss function of the user's own takes. */
function targetsOfOwnLoss(output: Shape, isCompiled: boolean): Targets {
  const remedy = (): string => 'For targets of another shape write lossObjective(() => loss, variables)';
  if (isCompiled) return { shapes: [output], remedy };
  const examples = output.slice(0, -1);
  const classNumbers = output.at(-1) === 1 ? [] : [examples, [...examples, 1]];
  return { shapes: [output, ...classNumbers], others: (given) => !broadcasts(given, output), remedy };
}

/** Whether a tensor and an output of a model can be subtracted. */
function broadcasts({ shape }: Tensor, output: Shape): boolean {
  const sizes = output.map((size, axis) => size ?? shape[axis] ?? 1);
  try {
    broadcast_util.assertAndGetBroadcastShape([...shape], sizes);
    return true;
  } catch {
    return false;
  }
}

/** What a loss of TensorFlow.js takes for its targets; null for one of the user's own. */
function acceptedTargets(loss: LossFunction, output: Shape, where: string): Targets | null {
  const classes = output[output.length - 1];
  if (isSparse(loss, where)) {
    const examples = output.slice(0, -1);
    const isOneHot = (given: Tensor): boolean => fitsShape(given, output);
    return {
      shapes: [examples, [...examples, 1]],
      remedy: (given) =>
        isOneHot(given)
          ? "For one-hot labels take the loss 'categoricalCrossentropy', or write tf.cast(tf.argMax(ys, -1), 'float32')"
          : null,
    };
  }
  const isElementwise =
    elementwiseLosses.some((name) => loss === namedLoss(name, where)) ||
    Object.values(coreLosses).some((known) => known === (loss as unknown));
  if (!isElementwise) return null;
  const isCategorical =
    loss === namedLoss('categoricalCrossentropy', where) ||
    loss === (coreLosses.softmaxCrossEntropy as LossFunction);
  const examples = output.slice(0, -1);
  const isNumbers = (given: Tensor): boolean =>
    given.rank === examples.length || fitsShape(given, [...examples, 1]);
  return {
    shapes: [output],
    remedy: (given) =>
      isCategorical && isNumbers(given)
        ? `For class numbers take the loss 'sparseCategoricalCrossentropy' with tf.cast(ys, 'float32'), or write ` +
          `tf.oneHot(tf.cast(${given.rank < output.length ? 'ys' : 'tf.squeeze(ys, [-1])'}, 'int32'), ${classes ?? 'classes'})`
        : null,
  };
}
