import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, keep, reshape, sub, tidy } from '@tensorflow/tfjs-core';
import { aliasTensor } from '../tfjs/engine.js';
import { readOnce } from '../tfjs/read-once.js';
import type { Objective } from '../objectives/objective.js';
import type { HessianOperator } from '../operators/hessian.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { coordinates, euclideanNorm } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import { repeatedSearch } from '../solvers/repeated-search.js';
import type { Estimate } from '../estimators/estimate.js';
import { traceSteps } from '../estimators/trace.js';
import type { EigenResult } from '../solvers/result.js';
import type { CurvatureRecord } from './curvature-record.js';
import { finiteHessian } from './finite-hessian.js';

/** All numbers of one measurement. */
export type CurvatureReading = Required<Omit<CurvatureRecord, 'step' | 'epoch' | 'time'>>;

/** How a gauge measures: the options of the same names of the monitor. */
export interface GaugeOptions {
  readonly k: number;
  readonly tol: number;
  readonly method: 'exact' | 'finiteDifference';
  readonly optimizer: object | undefined;
  readonly seed: number;
  /** Whether to estimate the trace. */
  readonly withTrace: boolean;
}

const where = 'curvatureMonitor';

/** Products that the trace may cost: with the 20 of the eigenvalues, a measurement stays at some 60. */
const traceMatvecs = 40;

/**
 * Measures the curvature of an objective again and again, each time starting from the eigenvectors of the time
 * before. Owns those and the weights at the start.
 */
export class CurvatureGauge {
  private start: Tensor1D | null = null;
  private directions: Tensor2D | null = null;
  private timesDisposed = 0;

  constructor(
    private readonly objective: Objective,
    private readonly options: GaugeOptions,
  ) {}

  /** Notes the present weights as θ₀, unless that has been done. */
  rememberStart(): void {
    this.start ??= keep(this.objective.parameters.read());
  }

  /** Measures at the present weights. Disposed meanwhile, the gauge keeps nothing of what it finds. */
  async measure(): Promise<CurvatureReading> {
    this.rememberStart();
    const start = aliasTensor(this.start!) as Tensor1D;
    try {
      return await this.measureFrom(start);
    } finally {
      start.dispose();
    }
  }

  private async measureFrom(start: Tensor1D): Promise<CurvatureReading> {
    const { timesDisposed } = this;
    const hessian = await finiteHessian(this.objective, { method: this.options.method });
    if (hessian == null) return this.read(start, null, null, null);
    try {
      const { k, tol, seed, withTrace } = this.options;
      const requireStill = guardParameters(hessian, where);
      const drive = <R>(steps: SolverSteps<R>): Promise<R> => driveAsync(steps, {}, where, requireStill);
      const found = await drive(repeatedSearch(hessian, this.directions, { k, tol, seed }, where));
      try {
        const isSound = withTrace && found.status !== 'nonFinite';
        const options = { maxMatvecs: traceMatvecs, seed };
        const sum = isSound ? await drive(traceSteps(hessian, options, where)) : null;
        requireStill();
        return await this.read(start, hessian, found, sum);
      } finally {
        const isWanted = found.status !== 'nonFinite' && timesDisposed === this.timesDisposed;
        if (isWanted) this.replaceDirections(aliasTensor(found.eigenvectors) as Tensor2D);
        found.dispose();
      }
    } finally {
      hessian.dispose();
    }
  }

  /** Frees θ₀ and the eigenvectors. */
  dispose(): void {
    this.timesDisposed++;
    this.replaceDirections(null);
    this.start?.dispose();
    this.start = null;
  }

  private async read(
    start: Tensor1D,
    hessian: HessianOperator | null,
    found: EigenResult | null,
    sum: Estimate | null,
  ): Promise<CurvatureReading> {
    const onDevice = tidy(() => {
      const distance = reshape(euclideanNorm([sub(this.objective.parameters.read(), start)]), [1]);
      if (hessian == null || found == null) return keep(distance);
      const gradient = hessian.gradient();
      const loss = reshape(hessian.lossTensor(), [1]);
      const along = coordinates(found.eigenvectors, gradient);
      return keep(concat([distance, loss, reshape(euclideanNorm([gradient]), [1]), along] as Tensor1D[]));
    });
    const [distance, loss = NaN, gradientNorm = NaN, ...along] = await readOnce(onDevice);
    const missing = Array.from({ length: this.options.k }, () => null);
    const eigenvalues = found == null ? missing : Array.from(found.eigenvalues, orNull);
    return {
      status: found?.status ?? 'nonFinite',
      numMatvecs: (found?.numMatvecs ?? 0) + (sum?.numMatvecs ?? 0),
      loss: orNull(loss),
      sharpness: eigenvalues[0] ?? null,
      eigenvalues,
      residuals: found == null ? missing : Array.from(found.residualNorms, orNull),
      gradientNorm: orNull(gradientNorm),
      topShare: orNull(Math.hypot(...along) / gradientNorm),
      alignments: found == null ? missing : along.map((alpha) => orNull(alpha / gradientNorm)),
      distance: orNull(distance!),
      stability: stabilityOf(this.options.optimizer),
      trace: orNull(sum?.value ?? NaN),
      traceError: orNull(sum?.standardError ?? NaN),
    };
  }

  private replaceDirections(next: Tensor2D | null): void {
    this.directions?.dispose();
    this.directions = next;
  }
}

/** 2/η of an optimizer that tells its learning rate. */
function stabilityOf(optimizer: object | undefined): number | null {
  const rate = (optimizer as { learningRate?: unknown } | undefined)?.learningRate;
  return typeof rate === 'number' ? orNull(2 / rate) : null;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
