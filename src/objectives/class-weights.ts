import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import {
  argMax,
  cast,
  clone,
  gather,
  greaterEqual,
  keep,
  less,
  logicalAnd,
  mul,
  onesLike,
  reshape,
  tensor1d,
  tidy,
  where as select,
} from '@tensorflow/tfjs-core';
import { synchronousRead } from '../tfjs/capabilities.js';
import { CurvatureArgumentError, describe, requireArgument } from '../errors.js';
import { readOnce } from '../tfjs/read-once.js';

/** The factor on the loss of the examples of each class: a list by class number, or a map from class numbers. */
export type ClassWeight = readonly number[] | Readonly<Record<number, number>>;

/** Class weights as `model.fit` takes them: one for a model's only output, or one per output, in order or by name. */
export type ClassWeights =
  ClassWeight | readonly (ClassWeight | null)[] | Readonly<Record<string, ClassWeight>>;

/** The factors on the examples of a target; null where an output has no class weights. */
export type WeighClasses = (target: Tensor) => Tensor1D;

/**
 * For each output the function from its targets to the factors of their examples.
 *
 * @param names of the outputs
 * @param portions the targets of each portion of the data, one per output
 * @throws CurvatureArgumentError for weights that are no finite numbers, targets that have no classes, and a class of the
 *   data without a weight: at once, or, where reads are awaited, at the first use after the read. Until then such a
 *   loss is NaN
 */
export function classWeighing(
  weights: ClassWeights | undefined,
  names: readonly string[],
  portions: readonly (readonly Tensor[])[],
  where: string,
): (WeighClasses | null)[] {
  if (weights == null) return names.map(() => null);
  return weightsPerOutput(weights, names, where).map((weight, i) => {
    if (weight == null) return null;
    const table = tableOf(weight, where);
    const checks = portions.map((ys) => classCheck(ys[i]!, table, where));
    return (target) => {
      for (const requireKnown of checks) requireKnown();
      return factorsOf(target, table);
    };
  });
}

/** The factor of each example; NaN for a class without one. */
function factorsOf(target: Tensor, table: readonly number[]): Tensor1D {
  return tidy(() => {
    const classes = classesOf(target);
    // Kernels disagree about indices beyond the end.
    const isListed = logicalAnd(greaterEqual(classes, 0), less(classes, table.length));
    const index = select(isListed, classes, mul(onesLike(classes), table.length));
    return gather(tensor1d([...table, NaN]), cast(index, 'int32')) as Tensor1D;
  });
}

function weightsPerOutput(
  weights: ClassWeights,
  names: readonly string[],
  where: string,
): (ClassWeight | null)[] {
  const isObject = typeof weights === 'object';
  requireArgument(isObject, where, 'classWeight as a list or a map from class numbers to factors', weights);
  const byName = weights as Readonly<Record<string, ClassWeight>>;
  if (names.some((name) => Object.hasOwn(byName, name))) return names.map((name) => byName[name] ?? null);
  const list = weights as readonly (ClassWeight | null)[];
  const isPerOutput = Array.isArray(weights) && list.every((one) => one === null || typeof one === 'object');
  if (isPerOutput && list.length === names.length) return [...list];
  if (names.length === 1 && !isPerOutput) return [weights as ClassWeight];
  throw new CurvatureArgumentError(
    where,
    `classWeight for each of ${names.length} outputs`,
    Array.isArray(weights) ? describe(weights) : `{${Object.keys(weights).join(', ')}}`,
    `Write { ${names.map((name) => `'${name}': { 0: 1, 1: 2 }`).join(', ')} }`,
  );
}

/** Factors by class number; NaN for a class without one. */
function tableOf(weight: ClassWeight, where: string): number[] {
  const table: number[] = [];
  for (const [key, value] of Object.entries(weight)) {
    const isEntry = /^\d+$/.test(key) && Number.isFinite(value);
    const expected = 'classWeight as a list or a map from class numbers to factors';
    if (!isEntry) throw new CurvatureArgumentError(where, expected, `${key}: ${describe(value)}`);
    table[Number(key)] = value as number;
  }
  return Array.from(table, (value) => value ?? NaN);
}

/**
 * Looks for a class without a factor, at once where the device is read at once.
 *
 * @returns throws once one is known of
 */
function classCheck(target: Tensor, table: readonly number[], where: string): () => void {
  const hasClasses = target.rank === 1 || target.rank === 2;
  requireArgument(hasClasses, where, 'ys of shape [N], [N,1] or [N,classes] beside classWeight', target);
  let missing: number | undefined;
  const look = (classes: ArrayLike<number>): void => {
    missing = Array.from(classes).find((one) => !Number.isFinite(table[one]));
  };
  const requireKnown = (): void => {
    if (missing === undefined) return;
    throw new CurvatureArgumentError(where, 'classWeight for every class in ys', `none for class ${missing}`);
  };
  const classes = tidy(() => keep(clone(classesOf(target))));
  if (synchronousRead() === 'free') {
    look(classes.dataSync());
    classes.dispose();
    requireKnown();
  } else {
    // What cannot be read is not known of, and such a loss is NaN.
    void readOnce(classes).then(look, () => undefined);
  }
  return requireKnown;
}

/** Class numbers [N] of targets that hold them, or are one-hot. */
function classesOf(target: Tensor): Tensor1D {
  const isOneHot = target.rank === 2 && target.shape[1]! > 1;
  return cast(isOneHot ? argMax(target, 1) : reshape(target, [-1]), 'float32') as Tensor1D;
}
