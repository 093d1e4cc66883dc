import { conditionNumber } from '../../src/estimators/condition-number.js';
import { diagonal } from '../../src/estimators/diagonal.js';
import { frobeniusNorm, spectralNorm } from '../../src/estimators/norm.js';
import { spectralDensity } from '../../src/estimators/spectral-density.js';
import type { TraceMethod } from '../../src/estimators/trace.js';
import { trace } from '../../src/estimators/trace.js';
import { traceOfFunction } from '../../src/estimators/trace-of-function.js';
import type { AnyOperator } from '../../src/operators/async-operator.js';
import type { RunOptions } from './solver-rows.js';

/** What an estimator says of an operator. */
export interface Estimated {
  readonly values: ArrayLike<number>;
  /** How far each may be off, with two standard errors. */
  readonly errors: ArrayLike<number>;
  readonly status: string;
}

/** A new estimator is a new row. */
export interface EstimatorRow {
  readonly name: string;
  /** Its values from the matrix and from its eigenvalues, largest first. */
  readonly truth: (matrix: readonly number[][], eigenvalues: readonly number[]) => number[];
  /** Whether the values of sA are s times those of A, or the same. */
  readonly isHomogeneous: boolean;
  readonly run: (operator: AnyOperator, options?: RunOptions) => Promise<Estimated>;
}

const traceOf = (_: unknown, eigenvalues: readonly number[]): number[] => [
  eigenvalues.reduce((sum, x) => sum + x, 0),
];

function traceRow(method: TraceMethod): EstimatorRow {
  return {
    name: `trace, ${method}`,
    truth: traceOf,
    isHomogeneous: true,
    async run(operator, options = {}) {
      const { value, standardError, status } = await trace(operator, { method, tol: 0.03, ...options });
      return { values: [value], errors: [2 * standardError], status };
    },
  };
}

export const estimatorRows: readonly EstimatorRow[] = [
  traceRow('hutchinson'),
  traceRow('hutch++'),
  traceRow('xtrace'),
  {
    name: 'traceOfFunction',
    truth: traceOf,
    isHomogeneous: true,
    async run(operator, options = {}) {
      const { value, standardError, status } = await traceOfFunction(operator, (x) => x, options);
      return { values: [value], errors: [2 * standardError], status };
    },
  },
  {
    name: 'diagonal',
    truth: (matrix) => matrix.map((row, i) => row[i]!),
    isHomogeneous: true,
    async run(operator, options = {}) {
      const result = await diagonal(operator, { tol: 0.05, ...options });
      const [values, errors] = await Promise.all([result.diagonal.data(), result.standardErrors.data()]);
      result.dispose();
      return { values, errors: errors.map((x) => 2 * x), status: result.status };
    },
  },
  {
    name: 'frobeniusNorm',
    truth: (_, eigenvalues) => [Math.hypot(...eigenvalues)],
    isHomogeneous: true,
    async run(operator, options = {}) {
      const { value, standardError, status } = await frobeniusNorm(operator, { tol: 0.05, ...options });
      return { values: [value], errors: [2 * standardError], status };
    },
  },
  {
    name: 'spectralNorm',
    truth: (_, eigenvalues) => [Math.max(...eigenvalues.map(Math.abs))],
    isHomogeneous: true,
    async run(operator, options = {}) {
      const { value, residualNorm, status } = await spectralNorm(operator, options);
      return { values: [value], errors: [residualNorm], status };
    },
  },
  {
    name: 'conditionNumber',
    truth: (_, eigenvalues) => [eigenvalues[0]! / eigenvalues.at(-1)!],
    isHomogeneous: false,
    async run(operator, options = {}) {
      const { value, residualNorm, status } = await conditionNumber(operator, options);
      return { values: [value], errors: [residualNorm], status };
    },
  },
  {
    name: 'conditionNumber of a shifted operator',
    truth: (_, eigenvalues) => [eigenvalues[0]! / eigenvalues.at(-1)!],
    isHomogeneous: false,
    async run(operator, options = {}) {
      // So small that κ is as before; it goes through the same way.
      const { value, residualNorm, status } = await conditionNumber(operator, { damping: 1e-45, ...options });
      return { values: [value], errors: [residualNorm], status };
    },
  },
  {
    // Its mean and its ends.
    name: 'spectralDensity',
    truth: (_, eigenvalues) => [
      eigenvalues.reduce((sum, x) => sum + x, 0) / eigenvalues.length,
      eigenvalues.at(-1)!,
      eigenvalues[0]!,
    ],
    isHomogeneous: true,
    async run(operator, options = {}) {
      const { probes, status } = await spectralDensity(operator, options);
      const means = probes.map(({ nodes, weights }) => nodes.reduce((sum, x, j) => sum + x * weights[j]!, 0));
      const mean = means.reduce((sum, x) => sum + x, 0) / means.length;
      const squares = means.reduce((sum, x) => sum + (x - mean) ** 2, 0);
      const [low, high] = [probes[0]?.nodes[0] ?? NaN, probes[0]?.nodes.at(-1) ?? NaN];
      const error = 2.4 * Math.sqrt(squares / (means.length - 1) / means.length);
      return { values: [mean, low, high], errors: [error, 1e-5 * high, 1e-5 * high], status };
    },
  },
];
