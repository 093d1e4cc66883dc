import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, clone, zeros } from '@tensorflow/tfjs-core';
import { NEGLIGIBLE } from '../float32.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { RectangularOperator } from '../operators/rectangular-operator.js';
import { requireRectangular } from '../operators/rectangular-operator.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, callable, integer, number, readOptions } from '../options.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync, driveSchema } from '../tfjs/drive.js';
import { userFunction } from '../tfjs/run-scope.js';
import { rowsThatFit } from './basis-memory.js';
import { LEAST_GAIN } from './best-iterate.js';
import type { NormalResidual } from './least-squares-system.js';
import { LeastSquaresSystem } from './least-squares-system.js';
import type { SolveStatus } from './linear-solve.js';
import { LsmrRun } from './lsmr-run.js';
import { abortChoice, driverStop, mostProducts, ProductBudget } from './product-budget.js';
import { release } from './vector-arithmetic.js';

/** What {@link lsmr} tells while it runs. */
export interface LsmrProgress {
  readonly numMatvecs: number;
  /** The present ‖Aᵀ(b - Ax) - λ²x‖₂ as the recurrence has it. */
  readonly normalResidualNorm: number;
}

/** Options of {@link lsmr}. */
export interface LsmrOptions {
  /** λ in ‖b - Ax‖² + λ²‖x‖², ≥ 0: AᵀA + λ²I is what is inverted. Default 0. More makes x shorter and the run too. */
  readonly damping?: number;
  /**
   * ‖Aᵀ(b - Ax) - λ²x‖ to reach, relative to ‖Aᵀb‖. Default 1e-4. A residual of 10·2⁻²³·‖A‖·‖(b - Ax, λx)‖ counts as reached, too:
   * that is what float32 products leave of one that is zero.
   */
  readonly tol?: number;
  /** Default min(4 min(m, n), 1000) + 10: min(m, n) would do without rounding. */
  readonly maxIterations?: number;
  /**
   * Products Av and Aᵀu at most, all together, default as many as it takes: when they are spent the run ends with the status
   * `maxMatvecs`. The first tells ‖Aᵀb‖, two are kept to measure the residual at the end.
   */
  readonly maxMatvecs?: number;
  /**
   * Vectors of length n to keep at most, 2 at least. Where it is full the run starts again from the residual measured, which takes
   * more iterations. Default as many as there are iterations, within 192 MiB.
   */
  readonly krylovDim?: number;
  /**
   * What a run does when its `signal` is aborted: reject with the signal's reason, the default, or return what it has, with
   * the status `aborted`, after two more products for its residual.
   */
  readonly onAbort?: 'reject' | 'return';
  /** Called after every iteration. */
  readonly onProgress?: (progress: LsmrProgress) => void;
}

/** The solution of a least-squares problem with what it cost and how good it is. */
export interface LeastSquaresResult {
  /** x, shape [n]. Disposed with the result. */
  readonly x: Tensor1D;
  /** ‖b - Ax‖₂ of this x, which is not small where b is not in the range of A. */
  readonly residualNorm: number;
  /** ‖Aᵀ(b - Ax) - λ²x‖₂ of this x, zero for the solution: what `tol` is compared with. */
  readonly normalResidualNorm: number;
  /** How the run ended: see `SolveStatus`. Whatever it is, x is the iterate of the least `normalResidualNorm` measured. */
  readonly status: Exclude<SolveStatus, 'negativeCurvature' | 'trustRegion'>;
  readonly numIterations: number;
  /** Products Av and Aᵀu spent, all together. */
  readonly numMatvecs: number;
  /** Releases x. Calling it twice is harmless. */
  dispose(): void;
}

/** The products that measure the residual of the iterate returned. */
const MEASUREMENT = 2;

const where = 'lsmr';

function schemaFor([m, n]: RectangularOperator['shape']) {
  return {
    damping: byDefault(number({ from: 0 }), 0),
    tol: byDefault(number({ above: 0 }), 1e-4),
    maxIterations: byDefault(integer(1), Math.min(4 * Math.min(m, n), 1000) + 10),
    maxMatvecs: mostProducts,
    krylovDim: integer(2),
    onAbort: abortChoice,
    onProgress: callable<(progress: LsmrProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<LsmrOptions & DriveOptions>;
}

type LsmrPlan = Settings<LsmrOptions & DriveOptions, ReturnType<typeof schemaFor>>;

/**
 * Solves the least-squares problem min ‖b - Ax‖² + λ²‖x‖² by LSMR: of all x in the Krylov space of AᵀA and Aᵀb the one with the
 * least ‖Aᵀ(b - Ax) - λ²x‖. For A of any shape and rank; where several x solve the problem, the shortest. With the Jacobian
 * of a model and the residuals of its outputs that is a step of Gauss and Newton, or of Levenberg and Marquardt with a λ.
 *
 * AᵀA is never formed, so that the condition number counts once where `solve` of AᵀA + λ²I has its square. The residual returned is
 * measured by products. Where it is not what the recurrence says, the run starts again from it, as long as that lessens it by
 * a quarter.
 *
 * Cost: two products an iteration, Av and Aᵀu, one before the first and two at the end of a run. Memory: krylovDim + 4 vectors of
 * length n, and 4 of length m, or m + n with a λ. b, x and the products may be of any size that float32 holds.
 *
 * @param operator A; stays the caller's. A new tensor for each product is expected
 * @param b right-hand side, shape [m]; stays the caller's, who may dispose of it at once
 * @param options see {@link LsmrOptions}; `signal` stops the run between two products, see `onAbort`
 * @returns the solution, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, a right-hand side that does not fit or is not finite, and an x that
 *   float32 does not hold. What the operator throws passes through. In each case nothing stays on the device
 *
 * Sources: Fong & Saunders, LSMR: An iterative algorithm for sparse least-squares problems, SIAM J. Sci. Comput. 33 (2011); one side
 * of the bases reorthogonalised: Simon & Zha, Low-rank matrix approximation using the Lanczos bidiagonalization process, SIAM J. Sci.
 * Comput. 21 (2000).
 *
 * @example
 * const jacobian = new JacobianOperator(model, xs);
 * const outputs = model.predict(xs) as tf.Tensor;
 * const residuals = tf.tidy(() => tf.reshape(tf.sub(ys, outputs), [-1])) as tf.Tensor1D;
 * const { x, status } = await lsmr(jacobian, residuals, { damping: 0.1 }); // the step θ + x of Levenberg and Marquardt
 * jacobian.dispose();
 */
export async function lsmr(
  operator: RectangularOperator,
  b: Tensor1D,
  options: LsmrOptions & { readonly signal?: AbortSignal } = {},
): Promise<LeastSquaresResult> {
  requireRectangular(operator, where);
  const plan = readOptions(options, schemaFor(operator.shape), where);
  return driveAsync(steps(operator, b, plan), driverStop(plan), where, guardParameters(operator, where));
}

function* steps(operator: RectangularOperator, b: Tensor1D, plan: LsmrPlan): SolverSteps<LeastSquaresResult> {
  const budget = new ProductBudget(plan, MEASUREMENT);
  const system = yield* LeastSquaresSystem.of(operator, b, plan.damping, budget, where);
  try {
    const search = new LeastSquaresSearch(system, plan, operator.shape[1]);
    try {
      return yield* search.result(yield* search.run());
    } finally {
      search.dispose();
    }
  } finally {
    system.dispose();
  }
}

/** The iterates of one solve, of the scaled system. */
class LeastSquaresSearch {
  private z: Tensor1D;
  private best: { readonly z: Tensor1D; readonly norms: Pick<NormalResidual, 'dataNorm' | 'gradientNorm'> };
  private numIterations = 0;
  private readonly report: (progress: LsmrProgress) => void;

  constructor(
    private readonly system: LeastSquaresSystem,
    private readonly plan: LsmrPlan,
    n: number,
  ) {
    this.z = zeros([n]);
    this.best = { z: clone(this.z), norms: { dataNorm: NaN, gradientNorm: NaN } };
    this.report = userFunction(plan.onProgress ?? (() => {}));
  }

  /** Runs of LSMR, each from the residual measured at the end of the one before. */
  *run(): SolverSteps<LeastSquaresResult['status']> {
    const { system, plan } = this;
    const { budget } = system;
    const first = yield* system.residualOf(null);
    const goal = plan.tol * first.gradientNorm;
    let present = first;
    let [norm, before] = [0, Infinity];
    let step: string = 'taken';
    for (;;) {
      this.offer(present);
      const { gradientNorm } = present;
      const allowed = Math.max(goal, NEGLIGIBLE * norm * present.norm);
      const isWithin = gradientNorm <= allowed && allowed < Infinity;
      // A run that has been as far as it goes and has gained little has come to where rounding lets it go no lower.
      const isStuck = gradientNorm > (step === 'full' ? 1 : LEAST_GAIN) * before;
      const status = isWithin
        ? 'converged'
        : !Number.isFinite(gradientNorm) || step === 'nonFinite'
          ? 'nonFinite'
          : this.numIterations >= plan.maxIterations
            ? 'maxIterations'
            : !budget.allows(2)
              ? budget.status
              : isStuck
                ? 'stagnated'
                : null;
      if (status != null) {
        release(present.residual, present.gradient);
        return status;
      }
      before = gradientNorm;
      const run = new LsmrRun(system, present);
      try {
        step = yield* this.follow(run, Math.min(goal, gradientNorm / 2));
        norm = Math.max(norm, run.norm);
        if (run.size === 0) return 'nonFinite';
        this.go(run.correction());
      } finally {
        run.dispose();
      }
      present = yield* system.residualOf(this.z);
    }
  }

  /** The best iterate, as the result. */
  *result(status: LeastSquaresResult['status']): SolverSteps<LeastSquaresResult> {
    const { system, best, numIterations } = this;
    const x = yield* system.solutionOf(best.z, where);
    const { gradient, residual } = system.scales;
    return {
      x,
      residualNorm: residual * best.norms.dataNorm,
      normalResidualNorm: gradient * best.norms.gradientNorm,
      status,
      numIterations,
      numMatvecs: system.budget.spent,
      dispose: () => release(x),
    };
  }

  dispose(): void {
    release(this.z, this.best.z);
  }

  /** Takes steps of a run until it claims to be where it is to go, has no room for more, or the work allowed is done. */
  private *follow(run: LsmrRun, aim: number): SolverSteps<string> {
    const { system, plan } = this;
    const { krylovDim = Math.max(2, Math.min(plan.maxIterations, rowsThatFit(this.z.size))) } = plan;
    for (;;) {
      const step = yield* run.step();
      if (step === 'nonFinite') return step;
      this.numIterations++;
      const normalResidualNorm = system.scales.gradient * run.gradientNorm;
      this.report({ numMatvecs: system.budget.spent, normalResidualNorm });
      if (step === 'ended' || run.gradientNorm <= aim) return step;
      if (this.numIterations >= plan.maxIterations || !system.budget.allows(2)) return step;
      if (run.size >= krylovDim) return 'full';
    }
  }

  private go(correction: Tensor1D): void {
    const next: Tensor1D = add(this.z, correction);
    release(this.z, correction);
    this.z = next;
  }

  /** Keeps the present iterate if its residual is the smallest so far. */
  private offer({ dataNorm, gradientNorm }: NormalResidual): void {
    const { norms } = this.best;
    if (!(gradientNorm < norms.gradientNorm) && !Number.isNaN(norms.gradientNorm)) return;
    this.best.z.dispose();
    this.best = { z: clone(this.z), norms: { dataNorm, gradientNorm } };
  }
}
