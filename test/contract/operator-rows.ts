import * as tf from '@tensorflow/tfjs-core';
import { lossObjective } from '../../src/objectives/objective.js';
import type { Objective } from '../../src/objectives/objective.js';
import { deflated } from '../../src/operators/deflated.js';
import { FisherOperator } from '../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../src/operators/gauss-newton.js';
import { HessianOperator } from '../../src/operators/hessian.js';
import { JacobianOperator } from '../../src/operators/jacobian-operator.js';
import { KFACOperator } from '../../src/operators/kfac.js';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { matrixOperator } from '../../src/operators/matrix-operator.js';
import { projected } from '../../src/operators/projected.js';
import { scaled } from '../../src/operators/scaled.js';
import { shifted } from '../../src/operators/shifted.js';
import { subset } from '../../src/operators/subset.js';
import { sum } from '../../src/operators/sum.js';
import { tangentKernel } from '../../src/operators/tangent-kernel.js';
import { lowRankPreconditioner } from '../../src/solvers/low-rank-preconditioner.js';
import { ParameterSpace } from '../../src/parameters.js';
import type { Regression } from '../closed-form.js';
import { linearRegression, logisticRegression, softmaxRegression, variableOf } from '../closed-form.js';
import { matrixWithSpectrum } from './prescribed-spectrum.js';

/** An operator, and what is known of it. */
export interface Specimen {
  readonly operator: LinearOperator;
  /** Its matrix in double precision. */
  readonly matrix: readonly (readonly number[])[];
  /** What it was made of and leaves to its owner: operators that must outlive it, tensors. */
  readonly parts: readonly { dispose(): void }[];
}

/** A new operator is a new row. */
export interface OperatorRow {
  readonly name: string;
  readonly make: () => Specimen;
  /** Whether it multiplies a block of vectors at once. */
  readonly hasBlocks: boolean;
}

type Matrix = number[][];

const a = matrixWithSpectrum([5, 3, 1, -1, -4, 0.5], 1);
const b = matrixWithSpectrum([1, 2, 3, 4, 5, 6], 2);
/** Two orthonormal directions. */
const q = [
  [0.6, 0.8, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0],
];
const times = (x: Matrix, y: Matrix): Matrix =>
  x.map((row) => y[0]!.map((_, j) => row.reduce((total, value, l) => total + value * y[l]![j]!, 0)));
const plus = (x: Matrix, y: Matrix, factor = 1): Matrix =>
  x.map((row, i) => row.map((value, j) => value + factor * y[i]![j]!));
const unit = a.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
const transposed = (x: Matrix): Matrix => x[0]!.map((_, j) => x.map((row) => row[j]!));
/** I - QᵀQ. */
const away = plus(unit, times(transposed(q), q), -1);
const spread = times(
  transposed(q),
  q.map((row, i) => row.map((x) => x * [7, -2][i]!)),
);

function operatorOf(rows: Matrix): LinearOperator {
  const tensor = tf.tensor2d(rows);
  const made = matrixOperator(tensor);
  tensor.dispose();
  return made;
}

/** A row of an operator that is made of the matrices a, b and the directions q. */
function derived(
  name: string,
  matrix: Matrix,
  make: (a: LinearOperator, b: LinearOperator, q: tf.Tensor2D) => LinearOperator,
): OperatorRow {
  return {
    name,
    hasBlocks: true,
    make: () => {
      const parts = [operatorOf(a), operatorOf(b), tf.tensor2d(q)] as const;
      return { operator: make(...parts), matrix, parts };
    },
  };
}

/** Three variables of 2, 1 and 3 numbers that the rows and columns of a belong to, of which two are picked. */
const picked = [0, 1, 3, 4, 5];
const subsetRow: OperatorRow = {
  name: 'subset',
  hasBlocks: true,
  make: () => {
    const variables = [variableOf([1, 2]), variableOf(3), variableOf([4, 5, 6])];
    const whole = { ...operatorOf(a), parameters: new ParameterSpace(variables) };
    const operator = subset(whole, [variables[2]!, variables[0]!]);
    const matrix = picked.map((i) => picked.map((j) => a[i]![j]!));
    return { operator, matrix, parts: [whole, ...variables] };
  },
};

const inputs = [
  [1, 0.5, -1],
  [0.25, -2, 1],
  [-1, 1, 0.5],
  [2, 0, 1],
  [0.5, 0.5, 0.5],
];
const classes = [2, 0, 1, 1, 0];
const regressions: [name: string, make: () => Regression][] = [
  ['linear regression', () => linearRegression(inputs, [1, -2, 0.5, 3, 0], [0.3, -0.2, 0.7])],
  ['logistic regression', () => logisticRegression(inputs, [1, 0, 1, 1, 0], [0.3, -0.2, 0.7])],
  [
    'softmax regression',
    () => softmaxRegression(inputs, classes, [0.3, -0.2, 0.7, 0.1, 0.5, -0.4, -0.6, 0.2, 0.9]),
  ],
];

/** For a linear model and these losses, Gauss-Newton and Fisher matrix are the Hessian. */
const curvatures: [name: string, make: (objective: Objective) => LinearOperator][] = [
  ['HessianOperator', (objective) => new HessianOperator(objective)],
  ['HessianOperator without tapes', (objective) => new HessianOperator(objective, { retain: false })],
  ['GaussNewtonOperator', (objective) => new GaussNewtonOperator(objective)],
  ['FisherOperator', (objective) => new FisherOperator(objective, { type: 'exact' })],
];

const closedForms = curvatures.flatMap(([curvature, make]) =>
  regressions.map(([regression, form]): OperatorRow => ({
    name: `${curvature} of a ${regression}`,
    hasBlocks: false,
    make: () => {
      const { split, variable, hessian, dispose } = form();
      const operator = make(lossObjective(split, [variable]));
      return { operator, matrix: hessian, parts: [{ dispose }] };
    },
  })),
);

/** Under squared error all examples have the same curvature of outputs: the matrix is the product of its factors. */
const kroneckerFactored: OperatorRow = {
  name: 'KFACOperator of a linear regression',
  hasBlocks: false,
  make: () => {
    const { split, variable, hessian, dispose } = regressions[0]![1]();
    const operator = new KFACOperator(lossObjective(split, [variable]));
    return { operator, matrix: hessian, parts: [{ dispose }] };
  },
};

/** J of z = (Σw², Σw³), whose rows are 2w and 3w². */
const kernelRow: OperatorRow = {
  name: 'tangentKernel',
  hasBlocks: true,
  make: () => {
    const w = variableOf([0.5, -1, 2]);
    const outputs = (): tf.Tensor => tf.stack([tf.sum(tf.square(w)), tf.sum(tf.mul(w, tf.square(w)))]);
    const jacobian = new JacobianOperator(outputs, [w]);
    const matrix = [
      [1 + 4 + 16, 0.75 - 6 + 48],
      [0.75 - 6 + 48, 0.5625 + 9 + 144],
    ];
    return { operator: tangentKernel(jacobian), matrix, parts: [jacobian, w] };
  },
};

/** All operators. */
export const operatorRows: readonly OperatorRow[] = [
  {
    name: 'matrixOperator',
    hasBlocks: true,
    make: () => ({ operator: operatorOf(a), matrix: a, parts: [] }),
  },
  derived('sum', plus(a, plus(b, a)), (a, b) => sum(a, b, a)),
  derived('scaled', plus(a, a, -3.5), (a) => scaled(a, -2.5)),
  derived('shifted', plus(a, unit, 0.75), (a) => shifted(a, 0.75)),
  derived('projected', times(away, times(a, away)), (a, _, q) => projected(a, q)),
  derived('deflated', plus(a, spread, -1), (a, _, q) =>
    deflated(a, { eigenvalues: [7, -2], eigenvectors: q }),
  ),
  derived('a sum of scaled and shifted', plus(plus(a, a), plus(b, unit, -1)), (a, b) =>
    sum(scaled(a, 2), shifted(b, -1)),
  ),
  // The smallest of 7 + 3 and -2 + 3 is 1: the first direction gets a tenth, the second stays as it is.
  derived(
    'lowRankPreconditioner',
    plus(unit, times(transposed(q.slice(0, 1)), q.slice(0, 1)), -0.9),
    (_a, _b, q) => lowRankPreconditioner({ eigenvalues: [7, -2], eigenvectors: q }, { damping: 3 }),
  ),
  subsetRow,
  kernelRow,
  ...closedForms,
  kroneckerFactored,
];
