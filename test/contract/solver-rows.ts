import type { Tensor1D } from '@tensorflow/tfjs-core';
import { mul, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../../src/operators/async-operator.js';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { interiorEigenpairs } from '../../src/solvers/interior-eigenpairs.js';
import { solve } from '../../src/solvers/conjugate-gradient.js';
import { lanczos } from '../../src/solvers/lanczos.js';
import type { LanczosOptions } from '../../src/solvers/lanczos-options.js';
import type { SolveOptions, SolveResult } from '../../src/solvers/linear-solve.js';
import { lobpcg } from '../../src/solvers/lobpcg.js';
import type { LobpcgOptions } from '../../src/solvers/lobpcg-options.js';
import { minres } from '../../src/solvers/minres.js';
import { powerIteration } from '../../src/solvers/power-iteration.js';
import type { EigenResult } from '../../src/solvers/result.js';
import type { Wanted } from './prescribed-spectrum.js';

/** How a run is stopped, and told of. */
export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
  readonly maxMatvecs?: number;
  readonly onAbort?: 'reject' | 'return';
}

/** A new eigensolver is a new row. */
export interface EigensolverRow {
  readonly name: string;
  readonly ends: readonly Wanted[];
  readonly solve: (
    operator: AnyOperator,
    options: { readonly which: Wanted; readonly k: number; readonly tol: number } & RunOptions,
  ) => Promise<EigenResult>;
  /** Spectra that the method cannot separate: eigenvalues of equal or nearly equal magnitude. */
  readonly cannot: readonly string[];
  readonly mostPairs: number;
  /** Whether it takes `maxMatvecs` and `onAbort`. */
  readonly hasBudget: boolean;
}

/** A new solver of linear systems is a new row. */
export interface LinearSolverRow {
  readonly name: string;
  readonly solve: (
    operator: AnyOperator,
    b: Tensor1D,
    options: Pick<SolveOptions, 'tol' | 'initial'> & RunOptions,
  ) => Promise<SolveResult>;
  /** Whether the matrix may have eigenvalues of both signs. */
  readonly isForIndefinite: boolean;
}

export const eigensolverRows: readonly EigensolverRow[] = [
  {
    name: 'lanczos',
    ends: ['LA', 'SA', 'LM', 'BE'],
    solve: (operator, options) => lanczos(operator, options as LanczosOptions),
    cannot: [],
    mostPairs: Infinity,
    hasBudget: true,
  },
  {
    name: 'powerIteration',
    ends: ['LM'],
    solve: (operator, { k, tol, signal, onProgress }) =>
      powerIteration(operator, { k, tol, signal, onProgress }),
    cannot: [
      'clustered',
      'linear',
      'repeated x5, arithmetic',
      'indefinite, symmetric about 0',
      'five above a line',
      'k = n',
    ],
    mostPairs: 3,
    hasBudget: false,
  },
  {
    name: 'lobpcg',
    ends: ['LA', 'SA'],
    solve: (operator, options) => lobpcg(operator, options as LobpcgOptions),
    cannot: [],
    mostPairs: Infinity,
    hasBudget: true,
  },
  {
    name: 'interiorEigenpairs',
    ends: ['near 0'],
    solve: (operator, { k, tol, signal, onProgress, maxMatvecs, onAbort }) =>
      interiorEigenpairs(operator, { k, tol, signal, onProgress, maxMatvecs, onAbort }),
    cannot: [],
    mostPairs: Infinity,
    hasBudget: true,
  },
];

/** Twice every third number, and otherwise the number: positive definite. */
const preconditionerOf = ({ size }: AnyOperator): LinearOperator => ({
  size,
  matvec: (v) =>
    tidy(() => mul(v, tensor1d(Float32Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 2 : 1))))),
  dispose: () => {},
});

export const linearSolverRows: readonly LinearSolverRow[] = [
  { name: 'solve', solve, isForIndefinite: false },
  { name: 'minres', solve: minres, isForIndefinite: true },
  {
    name: 'solve with a preconditioner',
    solve: (operator, b, options) =>
      solve(operator, b, { ...options, preconditioner: preconditionerOf(operator) }),
    isForIndefinite: false,
  },
  {
    name: 'minres with a preconditioner',
    solve: (operator, b, options) =>
      minres(operator, b, { ...options, preconditioner: preconditionerOf(operator) }),
    isForIndefinite: true,
  },
];
