import type { AnalysisProgress } from '../../../src/analysis/analysis-options.js';
import type { EigenResult } from '../../../src/solvers/result.js';
import type { Bench } from '../bench.js';
import type { Unit, UnitResult } from '../finding.js';
import { eigenpairsOf } from '../measure.js';
import type { ModelAtPeak } from '../peak-checkpoint.js';
import { modelAtPeak, wayToPeak } from '../peak-checkpoint.js';
import type { PlannedRun } from '../planned-run.js';
import { seedsOf } from '../planned-run.js';
import { withSpread } from '../table.js';
import { searchWeight } from '../weights.js';

/** K, as in the paper. */
const directions = 5;

/** A measurement at the peak of sharpness. */
export interface AtPeak<R> {
  readonly step: number;
  readonly sharpness: number;
  readonly measured: R;
}

/**
 * One unit per seed, which measures the model where its sharpness was highest.
 *
 * @param weight of the measurement, without the search for directions
 */
export function unitsAtPeak<R>(
  planned: PlannedRun,
  weight: number,
  measure: (
    bench: Bench,
    peak: ModelAtPeak,
    eigenpairs: EigenResult,
    seed: number,
    onProgress: (progress: AnalysisProgress) => void,
  ) => Promise<R>,
): Unit<AtPeak<R>>[] {
  return seedsOf(planned).map((seed) => ({
    id: `seed ${seed}`,
    seed,
    weight: searchWeight(directions) + weight,
    needs: wayToPeak(planned, seed),
    run: async (bench, onProgress) => {
      const peak = modelAtPeak(bench, seed);
      const eigenpairs = await eigenpairsOf(bench, peak.model, directions);
      try {
        const measured = await measure(bench, peak, eigenpairs, seed, onProgress);
        return { step: peak.step, sharpness: peak.sharpness, measured };
      } finally {
        eigenpairs.dispose();
        peak.model.dispose();
      }
    },
  }));
}

/** Where the peaks were, in a sentence. */
export function describePeaks({ plan }: PlannedRun, results: readonly UnitResult<AtPeak<unknown>>[]): string {
  const { learningRate, batchSize } = plan.peak;
  const [sharpness, step] = [
    withSpread(results.map(({ result }) => result.sharpness)),
    withSpread(results.map(({ result }) => result.step)),
  ];
  return `Measured where λ₁ was highest on a path of SGD with η = ${learningRate}, S = ${batchSize}: λ₁ = ${sharpness} at step ${step} (2/η = ${2 / learningRate}).`;
}
