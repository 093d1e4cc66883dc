import { mul, tensor1d } from '@tensorflow/tfjs-core';
import { userFunction } from '../tfjs/run-scope.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, callable, integer, number, readOptions } from '../options.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { SeededRandom } from '../random.js';
import { KrylovBasis } from './basis.js';
import { candidateOf } from './candidate.js';
import { convergenceThreshold } from './convergence-threshold.js';
import type { DeflatedPair, Predecessor } from './deflated-pair.js';
import { deflatedPair, orthonormal, ritzVectors } from './deflated-pair.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync, driveSchema } from '../tfjs/drive.js';
import type { EigenProgress } from './lanczos-options.js';
import { believedPairs } from './measure-again.js';
import { NoiseFloor } from './noise-floor.js';
import { NormalizedOperator } from './normalized-operator.js';
import { SymmetryWatch } from './require-symmetric.js';
import type { EigenResult, EigenStatus } from './result.js';
import { eigenResult } from './result.js';
import { paddedRows, release } from './vector-arithmetic.js';
import { zeroThreshold } from './zero-threshold.js';

/** Options of {@link powerIteration}. */
export interface PowerIterationOptions {
  /** Number of pairs, 1 to n. Default 1. */
  readonly k?: number;
  /** A pair has converged when ‖Av - λv‖ ≤ max(tol·|λ|, 10·2⁻²³·‖A‖). Default 1e-3. */
  readonly tol?: number;
  /** Products for each pair at most. Default 1000. */
  readonly maxIterations?: number;
  /** Seed of the start vectors. Default 0. */
  readonly seed?: number;
  /** Called after every product. */
  readonly onProgress?: (progress: EigenProgress) => void;
}

/** A vector that takes more products than this is asked whether it may be one of an operator that is zero to rounding. */
const LATE = 10;

function schemaFor(n: number) {
  return {
    k: byDefault(integer(1, n), 1),
    tol: byDefault(number({ above: 0, below: 1 }), 1e-3),
    maxIterations: byDefault(integer(1), 1000),
    seed: byDefault(anyInteger, 0),
    onProgress: callable<(progress: EigenProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<PowerIterationOptions & DriveOptions>;
}

/**
 * The k eigenpairs largest in magnitude, one after the other: v <- Av / ‖Av‖, kept orthogonal to the vectors already
 * found. Slow (the error falls by |λ₂/λ₁| a product) and never to be preferred to `lanczos`, but simple: for
 * comparison, and where only a few vectors fit into memory.
 *
 * A vector has converged when its residual outside the span of those before it is within the tolerance; inside, it
 * holds what they lack. For k > 1 a Rayleigh–Ritz step over all of them sorts that out in the end, and one product more
 * of each measures it: the λ returned is vᵀAv of the v returned, and the residual is that of this pair.
 *
 * Cost: `numMatvecs` products. Memory: k + 6 vectors of length n.
 *
 * @param operator symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link PowerIterationOptions}; `signal` stops the run between two products
 * @returns the pairs, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, an operator whose asymmetry is above 5 %. What
 *   `operator.matvec` throws passes through. In each case nothing stays on the device
 *
 * Source: Golub & Van Loan 2013, §8.2.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { eigenvalues, dispose } = await powerIteration(hessian, { k: 2 });
 */
export async function powerIteration(
  operator: LinearOperator | AsyncLinearOperator,
  options: PowerIterationOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  const where = 'powerIteration';
  requireAnyOperator(operator, where);
  const plan = readOptions(options, schemaFor(operator.size), where);
  return driveAsync(powerIterationSteps(operator, plan), plan, where, guardParameters(operator, where));
}

type Plan = Settings<PowerIterationOptions, ReturnType<typeof schemaFor>>;

function* powerIterationSteps(operator: AnyOperator, plan: Plan): SolverSteps<EigenResult> {
  const run = new PowerIteration(operator, plan);
  try {
    return yield* run.result(yield* run.iterate());
  } finally {
    run.dispose();
  }
}

/** The vectors found so far, and what is known of the operator. */
class PowerIteration {
  private readonly products: NormalizedOperator;
  private readonly found: KrylovBasis;
  private readonly pairs: DeflatedPair[] = [];
  private readonly symmetry: SymmetryWatch;
  private readonly random: SeededRandom;
  private readonly onProgress: (progress: EigenProgress) => void;
  /** What is zero to rounding, once it was asked for. */
  private zero: number | null = null;

  constructor(
    private readonly operator: AnyOperator,
    private readonly plan: Plan,
  ) {
    this.random = new SeededRandom(plan.seed);
    this.onProgress = userFunction(plan.onProgress ?? (() => {}));
    this.products = new NormalizedOperator(operator);
    this.found = new KrylovBasis(operator.size);
    this.symmetry = new SymmetryWatch(operator, 'powerIteration');
  }

  /** Finds all pairs, one after the other. */
  *iterate(): SolverSteps<EigenStatus> {
    const { found, pairs, plan, operator } = this;
    const { k } = plan;
    let ended: EigenStatus = 'converged';
    while (found.rows < k) {
      const status = yield* this.findNext();
      if (status === 'nonFinite') return status;
      if (status !== 'converged') ended = status;
    }
    if (k === 1) return ended;
    found.rotate(ritzVectors(pairs));
    this.zero ??= pairs.every((pair) => this.isFound(pair)) ? null : yield* zeroThreshold(operator);
    const nothing = new KrylovBasis(operator.size);
    for (let i = 0; i < k; i++) {
      const vector = found.row(i);
      try {
        pairs[i] = yield* deflatedPair(this.products, nothing, vector);
        release(pairs[i]!.next);
      } finally {
        release(vector);
      }
    }
    if (pairs.every((pair) => this.isWithin(pair, 1))) return 'converged';
    return ended === 'converged' ? 'maxIterations' : ended;
  }

  /** The pairs as they are, which are measured again where products contradict each other. */
  *result(status: EigenStatus): SolverSteps<EigenResult> {
    const { plan, operator, symmetry, found } = this;
    const { k, tol } = plan;
    // A vector whose product was not finite is none.
    const pairs = this.pairs.slice(0, found.rows);
    const result = eigenResult({
      eigenvalues: Float64Array.from({ length: k }, (_, i) => pairs[i]?.value ?? NaN),
      eigenvectors: paddedRows(found.rows === 0 ? null : found.release(), k, operator.size),
      residualNorms: Float64Array.from({ length: k }, (_, i) => pairs[i]?.residualNorm ?? NaN),
      status,
      numConverged: pairs.filter((pair) => this.isWithin(pair, 1)).length,
      numMatvecs: this.products.numMatvecs,
      asymmetry: symmetry.norm > 0 ? symmetry.asymmetry / symmetry.norm : 0,
    });
    return yield* believedPairs(result, this.products, tol, (values, norms) => this.count(values, norms));
  }

  dispose(): void {
    this.found.dispose();
  }

  /** Multiplies a random vector until it has converged, and keeps it. */
  private *findNext(): SolverSteps<EigenStatus> {
    const { found, pairs, plan, operator, symmetry } = this;
    const { maxIterations } = plan;
    const start = tensor1d(this.random.fillNormal(new Float32Array(operator.size)));
    let vector = yield* orthonormal(found, start);
    let before: Predecessor | null = null;
    const floor = new NoiseFloor(operator.size);
    try {
      for (let iteration = 1; ; iteration++) {
        // Rounding alone converges to nothing.
        if (iteration === LATE) this.zero ??= yield* zeroThreshold(operator);
        const pair: DeflatedPair = yield* deflatedPair(this.products, found, vector, before);
        release(before?.vector);
        before = { vector, length: pair.length };
        vector = pair.next;
        if (!Number.isFinite(pair.imageNorm)) return 'nonFinite';
        pairs[found.rows] = pair;
        yield* symmetry.observe(pair.asymmetry, pair.imageNorm);
        floor.observe(pair.residualNorm, pair.imageNorm, pair.asymmetry);
        this.report();
        const isFound = this.isFound(pair);
        if (!isFound && !floor.isReached && iteration < maxIterations) continue;
        found.append(candidateOf(mul(before.vector, 1)), 1);
        if (isFound) return 'converged';
        return floor.isReached ? 'stagnated' : 'maxIterations';
      }
    } finally {
      release(vector, before?.vector);
    }
  }

  private report(): void {
    const { pairs } = this;
    this.onProgress({
      numMatvecs: this.products.numMatvecs,
      numConverged: pairs.filter((pair) => this.isFound(pair)).length,
      ritzValues: Float64Array.from(pairs, ({ value }) => value),
      residualNorms: Float64Array.from(pairs, ({ residualNorm }) => residualNorm),
    });
  }

  /** A combination of k vectors has at most √k times their largest residual. */
  private isFound(pair: Pair): boolean {
    return this.isWithin(pair, 1 / Math.sqrt(this.plan.k));
  }

  private isWithin({ value, residualNorm }: Pair, share: number): boolean {
    const { zero, plan, symmetry } = this;
    return residualNorm <= convergenceThreshold(value, share * plan.tol, symmetry.norm, zero ?? 0);
  }

  /** How many of some pairs are within the tolerance. */
  private *count(values: Float64Array, residualNorms: Float64Array): SolverSteps<number> {
    const within = (): number =>
      residualNorms.filter((residualNorm, i) => this.isWithin({ value: values[i]!, residualNorm }, 1)).length;
    if (within() < values.length) this.zero ??= yield* zeroThreshold(this.operator);
    return within();
  }
}

type Pair = Pick<DeflatedPair, 'value' | 'residualNorm'>;
