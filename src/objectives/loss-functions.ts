import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { input, model as functionalModel } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError, describe, requireArgument } from '../errors.js';
import { nearestName } from '../nearest-name.js';
import { compiledLosses, givenLoss } from '../tfjs/layers-internals.js';

/** ℓ(target, prediction): one value per example, or a scalar. */
export type LossFunction = (target: Tensor, prediction: Tensor) => Tensor;

/** What `model.compile` takes for `loss`. */
export type LossSpecification =
  string | LossFunction | (string | LossFunction)[] | Record<string, string | LossFunction>;

/** The loss of each output: the one asked for, else the one the model was compiled with. */
export function resolveLosses(
  model: LayersModel,
  names: readonly string[],
  loss: LossSpecification | undefined,
  where: string,
): LossFunction[] {
  if (loss == null) return requireCompiledLosses(model, where);
  return lossPerOutput(names, loss, where).map((one) =>
    typeof one === 'string' ? namedLoss(one, where) : requireFunction(one, where),
  );
}

/**
 * The names of the losses, one per output, for where a function cannot go.
 *
 * @param names of the outputs
 * @param loss the one asked for; default: what the model was compiled with
 * @throws CurvatureArgumentError that names `where`, for a loss that is a function, and without any
 */
export function lossNames(
  model: LayersModel,
  names: readonly string[],
  loss: LossSpecification | undefined,
  where: string,
): string[] {
  const asked = loss ?? (givenLoss(model) as LossSpecification | undefined);
  if (asked == null) return notCompiled(where);
  return lossPerOutput(names, asked, where).map((one) => {
    requireArgument(typeof one === 'string', where, 'losses by name: a function cannot be sent', one);
    return one;
  });
}

function lossPerOutput(
  names: readonly string[],
  loss: LossSpecification,
  where: string,
): (string | LossFunction)[] {
  if (typeof loss === 'string' || typeof loss === 'function') return names.map(() => loss);
  requireArgument(loss !== null && typeof loss === 'object', where, 'a loss by name or as a function', loss);
  if (Array.isArray(loss)) {
    requireArgument(loss.length === names.length, where, `${names.length} losses, one per output`, loss);
    return loss;
  }
  return names.map((name) => {
    requireArgument(loss[name] != null, where, `a loss for output '${name}'`, Object.keys(loss));
    return loss[name]!;
  });
}

function requireCompiledLosses(model: LayersModel, where: string): LossFunction[] {
  const losses = compiledLosses(model);
  return losses == null || losses.length === 0 ? notCompiled(where) : losses;
}

function notCompiled(where: string): never {
  throw new CurvatureArgumentError(
    where,
    'a compiled model, or the option `loss`',
    'a model that is not compiled',
  );
}

/** The losses of tfjs-layers that compare target and output entry by entry. */
export const elementwiseLosses: readonly string[] = [
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

const lossesByName = [...elementwiseLosses, 'sparseCategoricalCrossentropy'];

/** What other frameworks, and the metrics of tfjs-layers, call these losses. */
const lossesElsewhere: Readonly<Record<string, readonly string[]>> = {
  bce: ['binaryCrossentropy'],
  binarycrossentropyloss: ['binaryCrossentropy'],
  bceloss: ['binaryCrossentropy'],
  cosinesimilarity: ['cosineProximity'],
  crossentropy: ['categoricalCrossentropy'],
  crossentropyloss: ['categoricalCrossentropy'],
  kld: ['kullbackLeiblerDivergence'],
  kldivergence: ['kullbackLeiblerDivergence'],
  l1: ['meanAbsoluteError'],
  l2: ['meanSquaredError'],
  mae: ['meanAbsoluteError'],
  mape: ['meanAbsolutePercentageError'],
  mse: ['meanSquaredError'],
  mseloss: ['meanSquaredError'],
  msle: ['meanSquaredLogarithmicError'],
  sigmoidcrossentropy: ['binaryCrossentropy'],
  softmaxcrossentropy: ['categoricalCrossentropy'],
  sparsecrossentropy: ['sparseCategoricalCrossentropy'],
};

const namedLosses = new Map<string, LossFunction>();

/** A loss of tfjs-layers by its name, taken from a model without weights that is compiled with it. */
export function namedLoss(name: string, where: string): LossFunction {
  const known = namedLosses.get(name);
  if (known != null) return known;
  const identity = input({ shape: [1] });
  const probe = functionalModel({ inputs: identity, outputs: identity });
  try {
    probe.compile({ optimizer: 'sgd', loss: name });
    const loss = requireCompiledLosses(probe, where)[0]!;
    namedLosses.set(name, loss);
    return loss;
  } catch (cause) {
    const nearest = nearestName(name, lossesByName, lossesElsewhere);
    const error = new CurvatureArgumentError(
      where,
      `the name of a loss of tfjs-layers (${lossesByName.join(', ')})`,
      `${describe(name)}${nearest == null ? '' : ` (did you mean ${nearest}?)`}`,
    );
    error.cause = cause;
    throw error;
  } finally {
    probe.dispose();
  }
}

/** Whether a loss takes class numbers. */
export function isSparse(loss: LossFunction, where: string): boolean {
  return loss === namedLoss('sparseCategoricalCrossentropy', where);
}

function requireFunction(loss: unknown, where: string): LossFunction {
  requireArgument(typeof loss === 'function', where, 'a loss by name or as a function', loss);
  return loss as LossFunction;
}
