import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import {
  argMax,
  cast,
  gather,
  greaterEqual,
  less,
  logicalAnd,
  mul,
  onesLike,
  reshape,
  tensor1d,
  tidy,
  where as select,
} from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe, requireArgument } from '../errors.js';
import { classCheck } from './class-numbers.js';

/** The factor on the loss of the examples of each class: a list by class number, or a map from class numbers. */
export type ClassWeight = readonly number[] | Readonly<Record<number, number>>;

/** Class weights as `model.fit` takes them: one for a model's only output, or one per output, in order or by name. */
export type ClassWeights =
  ClassWeight | readonly (ClassWeight | null)[] | Readonly<Record<string, ClassWeight>>;

/** The factors on the examples of a target; null where an output has no class weights. */
export type WeighClasses = (target: Tensor) => Tensor1D;

/** How the examples of each output are weighed by their classes. */
export interface ClassWeighing {
  /** For each output the function from its targets to the factors of their examples. */
  readonly weigh: readonly (WeighClasses | null)[];
  /** Throw once the data are known to hold a class without a weight. Until then such a loss is NaN. */
  readonly checks: readonly (() => void)[];
}

/**
 * Reads the class weights of a model's outputs.
 *
 * @param names of the outputs
 * @param portions the targets of each portion of the data, one per output
 * @throws CurvatureArgumentError for weights that are no finite numbers, targets that have no classes, and, where the
 *   device is read at once, a class of the data without a weight
 */
export function classWeighing(
  weights: ClassWeights | undefined,
  names: readonly string[],
  portions: readonly (readonly Tensor[])[],
  where: string,
): ClassWeighing {
  if (weights == null) return { weigh: names.map(() => null), checks: [] };
  const tables = weightsPerOutput(weights, names, where).map((weight) =>
    weight == null ? null : tableOf(weight, where),
  );
  return {
    weigh: tables.map((table) => table && ((target) => factorsOf(target, table))),
    checks: tables.flatMap((table, i) =>
      table == null ? [] : portions.map((ys) => weightCheck(ys[i]!, table, where)),
    ),
  };
}

/** Looks for a class without a factor. */
function weightCheck(target: Tensor, table: readonly number[], where: string): () => void {
  const hasClasses = target.rank === 1 || target.rank === 2;
  requireArgument(hasClasses, where, 'ys of shape [N], [N,1] or [N,classes] beside classWeight', target);
  return classCheck(
    () => classesOf(target),
    (one) => Number.isFinite(table[one]),
    (one) => new CurvatureArgumentError(where, 'classWeight for every class in ys', `none for class ${one}`),
  );
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

/** Class numbers [N] of targets that hold them, or are one-hot. */
function classesOf(target: Tensor): Tensor1D {
  const isOneHot = target.rank === 2 && target.shape[1]! > 1;
  return cast(isOneHot ? argMax(target, 1) : reshape(target, [-1]), 'float32') as Tensor1D;
}
