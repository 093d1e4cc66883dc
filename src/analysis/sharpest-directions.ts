import type { Tensor2D } from '@tensorflow/tfjs-core';
import { slice } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, requireThat } from '../errors.js';
import { HessianOperator } from '../operators/hessian.js';
import { SeededRandom } from '../random.js';
import { requireRows } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenResult } from '../solvers/result.js';
import { hasAllPairs } from '../solvers/result.js';
import type { DirectionSettings } from './analysis-options.js';
import type { LossSource } from './loss-source.js';

/** K where neither it nor eigenpairs are given: the paper's. */
const defaultK = 5;

/** The directions of an analysis. */
export interface SharpestDirections {
  /** e_1 … e_K as rows [K, n]. */
  readonly rows: Tensor2D;
  /** λ_1 ≥ λ_2 ≥ … */
  readonly eigenvalues: number[];
  /** Examples that the Hessian was taken on; null where eigenpairs were given or the target is an objective. */
  readonly hessianExamples: number | null;
  dispose(): void;
}

/** The fewest examples for the Hessian where their number is not given and there are as many. */
export const leastHessianExamples = 256;

/** Examples for the Hessian where their number is not given: see {@link DirectionOptions}. */
export function defaultHessianExamples(source: LossSource): number {
  return source.examples == null ? 1 : Math.max(Math.ceil(0.05 * source.examples), leastHessianExamples);
}

/** The first K eigenvectors: of the pairs given, or found by Lanczos on a random sample of the examples. */
export function* sharpestDirections(
  source: LossSource,
  { eigenpairs, seed, tol, ...options }: DirectionSettings & { readonly seed: number },
  where: string,
): SolverSteps<SharpestDirections> {
  if (eigenpairs != null) return given(eigenpairs, options.k, source.parameters.size, where);
  const k = options.k ?? Math.min(defaultK, source.parameters.size);
  const count = options.hessianExamples ?? defaultHessianExamples(source);
  const sample = source.sample(count, new SeededRandom(seed));
  try {
    const hessian = new HessianOperator(sample.objective);
    try {
      const found = yield* lanczosSteps(hessian, { k, seed, tol }, where);
      if (!hasAllPairs(found)) {
        found.dispose();
        throw new CurvatureArgumentError(where, 'finite Hessian-vector products', found.status);
      }
      return {
        rows: found.eigenvectors,
        eigenvalues: Array.from(found.eigenvalues),
        hessianExamples: sample.examples,
        dispose: () => found.dispose(),
      };
    } finally {
      hessian.dispose();
    }
  } finally {
    sample.dispose();
  }
}

function given(
  eigenpairs: EigenResult,
  k: number | undefined,
  size: number,
  where: string,
): SharpestDirections {
  const count = k ?? eigenpairs.eigenvectors?.shape[0];
  requirePairs(eigenpairs, count, size, where);
  const rows = slice(eigenpairs.eigenvectors, [0, 0], [count, size]);
  return {
    rows,
    eigenvalues: Array.from(eigenpairs.eigenvalues.subarray(0, count)),
    hessianExamples: null,
    dispose: () => rows.dispose(),
  };
}

/** Throws unless there are k pairs or more, of R^size. */
export function requirePairs({ eigenvectors }: EigenResult, k: number, size: number, where: string): void {
  requireRows(eigenvectors, size, where, `eigenpairs of the ${size} parameters of the target`);
  const available = eigenvectors.shape[0];
  requireThat(
    Number.isInteger(k) && k >= 1 && k <= available,
    where,
    `k from 1 to the ${available} eigenpairs given`,
    String(k),
  );
}

/** What the i-th sharpest direction is called, counted from 0: e₁, e₂, … */
export function directionName(i: number): string {
  const digits = Array.from(String(i + 1), (digit) => String.fromCodePoint(0x2080 + Number(digit)));
  return `e${digits.join('')}`;
}
