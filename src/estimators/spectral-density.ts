import { tensor1d } from '@tensorflow/tfjs-core';
import { userFunction } from '../tfjs/run-scope.js';
import { LARGEST_FLOAT32 } from '../float32.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, callable, integer, number, oneOf, readOptions } from '../options.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { SeededRandom } from '../random.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync, driveSchema } from '../tfjs/drive.js';
import { LanczosFactorization } from '../solvers/lanczos-factorization.js';
import { ProductBudget } from '../solvers/product-budget.js';
import { solveProjected } from '../solvers/projected-eigenproblem.js';
import { SymmetryWatch } from '../solvers/require-symmetric.js';
import type { GaussQuadrature } from './smoothing.js';
import { linearAxis, logarithmicAxis, smooth } from './smoothing.js';

/** Options of {@link spectralDensity}. */
export interface SpectralDensityOptions {
  /** Lanczos steps a probe. Default min(n, 80). More resolves more of the spectrum between its ends. */
  readonly krylovDim?: number;
  /** Random vectors. Default 8. The spread falls as their square root. */
  readonly numProbes?: number;
  /**
   * Width of the Gaussians on the scale of the grid. Default 1 % of the range; of one eigenvalue, 1 % of its size. Less than some
   * 2⁻¹⁸ of the range, or 2⁻³⁰ of the largest |λ| (of a decade with `scale: 'log'`), is raised to that.
   */
  readonly sigma?: number;
  /** Points of the grid. Default 1024; at least 4 a width. */
  readonly gridSize?: number;
  /**
   * 'linear' (default): density of λ. 'log': density of log10(|λ| + epsilon), for spectra over many magnitudes
   * (Papyan 2019); the sign is lost.
   */
  readonly scale?: 'linear' | 'log';
  /** What the logarithmic scale adds to |λ|. Default 1e-5. */
  readonly epsilon?: number;
  /** Seed of the probes. Default 0. */
  readonly seed?: number;
  /** Called after every product. */
  readonly onProgress?: (progress: { readonly numMatvecs: number; readonly numProbes: number }) => void;
}

/** Points of a grid: more than any picture shows, and less than a spare second takes. */
const FINEST = 2 ** 20;

const schema = {
  krylovDim: byDefault(integer(1), 80),
  numProbes: byDefault(integer(1), 8),
  sigma: number({ above: 0, to: LARGEST_FLOAT32 }),
  gridSize: byDefault(integer(1, FINEST), 1024),
  scale: byDefault(oneOf('linear', 'log'), 'linear'),
  epsilon: byDefault(number({ above: 0 }), 1e-5),
  seed: byDefault(anyInteger, 0),
  onProgress: callable<(progress: { readonly numMatvecs: number; readonly numProbes: number }) => void>(),
  ...driveSchema,
} satisfies Schema<SpectralDensityOptions & DriveOptions>;

/** The distribution of the eigenvalues. */
export interface SpectralDensity {
  /** λ, or log10(|λ| + epsilon). */
  readonly grid: Float64Array;
  /** The density there; its integral over the grid is 1. */
  readonly density: Float64Array;
  /** Standard deviation of the density over the probes, the standard error of `density` times √numProbes. */
  readonly spread: Float64Array;
  /** For each probe its Ritz values and their weights, which sum to 1: the density before it is smoothed. */
  readonly probes: readonly GaussQuadrature[];
  /** The width of the Gaussians. */
  readonly sigma: number;
  readonly scale: 'linear' | 'log';
  /** What the logarithmic scale adds to |λ|; 0 on the linear one. */
  readonly epsilon: number;
  readonly status: 'converged' | 'nonFinite';
  readonly numMatvecs: number;
}

/**
 * The distribution of the eigenvalues of a symmetric operator by stochastic Lanczos quadrature.
 *
 *     φ(t) = 1/n Σ N(t; λ_i, σ²)  ≈  mean over probes of Σ_j τ_j² N(t; θ_j, σ²)
 *
 * with θ_j the Ritz values of a Lanczos run started at a random v and τ_j the *first* components of the
 * eigenvectors of its tridiagonal matrix. Exact in the moments up to 2·krylovDim - 1 of each probe. An eigenvalue
 * of multiplicity 1 has mass 1/n, less than the spread: for single eigenvalues see `lanczos`.
 *
 * Cost: krylovDim products a probe. Memory: krylovDim + 4 vectors of length n.
 *
 * @param operator symmetric; stays the caller's
 * @param options see {@link SpectralDensityOptions}; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose
 * @throws CurvatureArgumentError for options out of range, an operator whose asymmetry is above 5 %. What
 *   `operator.matvec` throws passes through
 *
 * Sources: Golub & Welsch 1969; Lin, Saad & Yang, Approximating spectral densities of large matrices, SIAM Review
 * 58 (2016), §3.2; Ghorbani, Krishnan & Xiao 2019.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { grid, density } = await spectralDensity(hessian, { numProbes: 10, scale: 'log' });
 */
export async function spectralDensity(
  operator: LinearOperator | AsyncLinearOperator,
  options: SpectralDensityOptions & { readonly signal?: AbortSignal } = {},
): Promise<SpectralDensity> {
  requireAnyOperator(operator, 'spectralDensity');
  const where = 'spectralDensity';
  const plan = readOptions(options, schema, where);
  return driveAsync(spectralDensitySteps(operator, plan), plan, where, guardParameters(operator, where));
}

function* spectralDensitySteps(
  operator: AnyOperator,
  plan: Settings<SpectralDensityOptions, typeof schema>,
): SolverSteps<SpectralDensity> {
  const { numProbes, gridSize, scale, epsilon, sigma } = plan;
  const krylovDim = Math.min(operator.size, plan.krylovDim);
  const report = userFunction(plan.onProgress ?? (() => {}));
  const random = new SeededRandom(plan.seed);
  const probes: GaussQuadrature[] = [];
  const budget = new ProductBudget();
  while (probes.length < numProbes) {
    const quadrature = yield* quadratureOf(operator, random, krylovDim, budget, () =>
      report({ numMatvecs: budget.spent, numProbes: probes.length }),
    );
    if (quadrature == null) break;
    probes.push(quadrature);
  }
  const status = probes.length < numProbes ? 'nonFinite' : 'converged';
  const axis = scale === 'log' ? logarithmicAxis(probes, epsilon) : linearAxis(probes);
  return {
    ...smooth(axis, gridSize, sigma),
    probes,
    scale,
    epsilon: scale === 'log' ? epsilon : 0,
    status,
    numMatvecs: budget.spent,
  };
}

/** Nodes and weights of one probe; null where a product is not finite. */
function* quadratureOf(
  operator: AnyOperator,
  random: SeededRandom,
  krylovDim: number,
  budget: ProductBudget,
  onProduct: () => void,
): SolverSteps<GaussQuadrature | null> {
  const factorization = new LanczosFactorization(operator, 0, budget);
  const symmetry = new SymmetryWatch(operator, 'spectralDensity');
  try {
    const start = tensor1d(random.fillNormal(new Float32Array(operator.size)));
    yield* factorization.include(start);
    while (factorization.processed.length < krylovDim && factorization.pending.length > 0) {
      if ((yield* factorization.extend()) === 'nonFinite') return null;
      yield* symmetry.observe(factorization.asymmetry, factorization.norm);
      onProduct();
    }
    const { values, vectors } = solveProjected(factorization, 'SA', 0);
    return { nodes: values, weights: Float64Array.from(vectors, (vector) => vector[0]! ** 2) };
  } finally {
    factorization.dispose();
  }
}
