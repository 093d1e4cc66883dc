import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema } from '../options.js';
import {
  anyInteger,
  byDefault,
  callable,
  integer,
  number,
  oneOf,
  or,
  readOptions,
  requireIs,
  unchecked,
} from '../options.js';
import type { DriveOptions } from '../tfjs/drive.js';
import { driveSchema } from '../tfjs/drive.js';
import { userFunction } from '../tfjs/run-scope.js';
import type { BlockPlan } from './block-run.js';
import type { EigenProgress } from './lanczos-options.js';
import { abortChoice, mostProducts } from './product-budget.js';
import { requireStartVectors } from './start-vectors.js';

/** Options of {@link lobpcg}. */
export interface LobpcgOptions {
  /** Number of pairs, 1 to n. Default 1. */
  readonly k?: number;
  /** Largest ('LA', the default) or smallest ('SA') eigenvalues. */
  readonly which?: 'LA' | 'SA';
  /**
   * A pair has converged when ‖Ax - λBx‖ ≤ max(tol·|λ|·‖Bx‖, 10·2⁻²³·‖A‖·‖x‖). Default 1e-3; the eigenvalue is better than
   * its residual by the square.
   */
  readonly tol?: number;
  /** Products with A at most, k at least; default as many as it takes. See `LanczosOptions`. */
  readonly maxMatvecs?: number;
  /** Iterations at most; one takes up to 3k/2 + 2 products. Default 1000. */
  readonly maxIterations?: number;
  /** What a run does when its `signal` is aborted: reject, the default, or return what it has. See `LanczosOptions`. */
  readonly onAbort?: 'reject' | 'return';
  /** B, symmetric and positive definite; stays the caller's. Default: the identity. */
  readonly metric?: LinearOperator | AsyncLinearOperator;
  /**
   * T, symmetric and positive definite, near the inverse of what separates the wanted eigenvalues from the others, such as
   * (A - σB)⁻¹ for σ under the smallest ones; stays the caller's. Default: none.
   */
  readonly preconditioner?: LinearOperator | AsyncLinearOperator;
  /**
   * Where to start: one vector [n] or several as rows [m, n], finite; they stay the caller's. Default: random ones.
   */
  readonly startVectors?: Tensor1D | Tensor2D;
  /**
   * Products with A that one check may take at most. Residuals do not tell of an eigenvector that the vectors to start from
   * have nothing of, or too little to be seen at the tolerance. So once the pairs have converged, a random vector looks for
   * others, until one beyond the last wanted eigenvalue would have shown with a probability of 99 % (for B = T = I; elsewhere
   * roughly). It takes some 5 to 20 products where the wanted eigenvalues stand apart, more at the edge of a bulk. What it finds
   * joins the run. Default 50; 0 is none.
   */
  readonly confirm?: number;
  /** Seed of everything random. Default 0. */
  readonly seed?: number;
  /** Called after every product with A. */
  readonly onProgress?: (progress: EigenProgress) => void;
}

function schemaFor(n: number) {
  return {
    k: byDefault(integer(1, n), 1),
    which: byDefault(oneOf('LA', 'SA'), 'LA'),
    tol: byDefault(number({ above: 0, below: 1 }), 1e-3),
    maxMatvecs: mostProducts,
    maxIterations: byDefault(integer(1), 1000),
    onAbort: abortChoice,
    metric: unchecked<AnyOperator>(),
    preconditioner: unchecked<AnyOperator>(),
    startVectors: unchecked<Tensor1D | Tensor2D>(),
    confirm: byDefault(or(integer(0), Infinity), 50),
    seed: byDefault(anyInteger, 0),
    onProgress: callable<(progress: EigenProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<LobpcgOptions & DriveOptions>;
}

/** Options with their defaults filled in. */
export interface LobpcgPlan extends BlockPlan {
  readonly which: 'LA' | 'SA';
  readonly metric: AnyOperator | undefined;
  readonly preconditioner: AnyOperator | undefined;
  readonly confirm: number;
}

/** Checks the options of a run and fills in the defaults. @throws CurvatureArgumentError that names `where` */
export function planLobpcg(
  { size }: AnyOperator,
  options: LobpcgOptions & DriveOptions,
  where: string,
): LobpcgPlan {
  const settings = readOptions(options, schemaFor(size), where);
  const { k, maxMatvecs, metric, preconditioner, startVectors, onProgress } = settings;
  requireIs(maxMatvecs, or(integer(k), Infinity), 'maxMatvecs', where);
  for (const [name, operator] of Object.entries({ metric, preconditioner })) {
    if (operator == null) continue;
    requireAnyOperator(operator, `${where} ${name}`);
    requireArgument(operator.size === size, where, `a ${name} of size ${size}`, operator.size);
  }
  if (startVectors != null) requireStartVectors(startVectors, size, size, where);
  return { ...settings, onProgress: userFunction(onProgress ?? (() => {})) };
}
