import type { Tensor2D } from '@tensorflow/tfjs-core';
import { keep, slice } from '@tensorflow/tfjs-core';
import { HessianOperator } from '../operators/hessian.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { repeatedSearch } from '../solvers/repeated-search.js';
import { lossOf } from './loss-and-gradient.js';
import type { EigenResult } from '../solvers/result.js';
import { hasAllPairs } from '../solvers/result.js';
import type { LossSource, SubObjective } from './loss-source.js';

/** What a probe measures and on how many examples. */
export interface ProbeSettings {
  readonly k: number;
  readonly lossExamples: number;
  readonly hessianExamples: number;
  /** Relative residual of the eigenpairs. */
  readonly tol: number;
  readonly seed: number;
}

/** Loss and accuracy at a point. */
export interface LossReading {
  readonly loss: number;
  /** Share of the examples classified rightly; absent where the model does not tell classes apart. */
  readonly accuracy?: number;
}

/** The sharpest eigenpairs at a point. The rows belong to the probe, until it looks again. */
export interface SharpestPairs {
  readonly rows: Tensor2D;
  readonly eigenvalues: readonly number[];
}

/**
 * Measures loss and curvature along a path, always on the same examples. Each search for eigenpairs starts from the
 * pairs of the one before, which are close by, and tries a random direction in case another one has overtaken them.
 */
export class CurvatureProbe {
  private readonly losses: SubObjective;
  private readonly sample: SubObjective;
  private rows: Tensor2D | null = null;

  /** @param where the public function to name in errors */
  constructor(
    source: LossSource,
    private readonly settings: ProbeSettings,
    private readonly where: string,
  ) {
    this.losses = source.first(settings.lossExamples);
    try {
      this.sample = source.sample(settings.hessianExamples, new SeededRandom(settings.seed));
    } catch (error) {
      this.losses.dispose();
      throw error;
    }
  }

  /** Examples of the losses and of the Hessian; null for an objective. */
  get examples(): { lossExamples: number | null; hessianExamples: number | null } {
    return { lossExamples: this.losses.examples, hessianExamples: this.sample.examples };
  }

  /** Loss and accuracy at the present parameters. */
  *readLoss(): SolverSteps<LossReading> {
    const loss = (yield lossOf(this.losses.objective))[0]!;
    const accuracy = this.losses.accuracy();
    return accuracy == null ? { loss } : { loss, accuracy: (yield keep(accuracy))[0]! };
  }

  /** Eigenpairs at the present parameters; null if loss or products are not finite there. */
  *readCurvature(): SolverSteps<SharpestPairs | null> {
    const { objective } = this.sample;
    if (!Number.isFinite((yield lossOf(objective))[0]!)) return null;
    const { k, tol, seed } = this.settings;
    const hessian = new HessianOperator(objective);
    try {
      const found = yield* repeatedSearch(hessian, this.rows, { k, tol, seed }, this.where);
      if (!hasAllPairs(found)) {
        found.dispose();
        return null;
      }
      this.rows?.dispose();
      this.rows = keep(found.eigenvectors);
      return { rows: this.rows, eigenvalues: Array.from(found.eigenvalues) };
    } finally {
      hessian.dispose();
    }
  }

  /** Starts the next search from the first k of some eigenpairs, which stay the caller's. */
  start({ eigenvectors }: EigenResult, k: number): void {
    this.forget();
    this.rows = keep(slice(eigenvectors, [0, 0], [k, eigenvectors.shape[1]]));
  }

  /** Forgets the eigenpairs, before the parameters jump. */
  forget(): void {
    this.rows?.dispose();
    this.rows = null;
  }

  dispose(): void {
    this.forget();
    this.losses.dispose();
    this.sample.dispose();
  }
}
