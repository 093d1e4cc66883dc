import type { AnalysisProgress } from '../../../src/analysis/analysis-options.js';
import type { EigenResult } from '../../../src/solvers/result.js';
import type { Bench } from '../bench.js';
import type { Unit, UnitResult } from '../finding.js';
import { eigenpairsOf } from '../measure.js';
import type { ModelAtPeak } from '../peak-checkpoint.js';
import { modelAtPeak } from '../peak-checkpoint.js';
import { seedsOf } from '../seeds.js';
import { withSpread } from '../table.js';

/** K, as in the paper. */
const directions = 5;

/** A measurement at the peak of sharpness. */
export interface AtPeak<R> {
  readonly step: number;
  readonly sharpness: number;
  readonly measured: R;
}

/** One unit per seed, which measures the model where its sharpness was highest. */
export function unitsAtPeak<R>(
  bench: Bench,
  measure: (
    peak: ModelAtPeak,
    eigenpairs: EigenResult,
    seed: number,
    onProgress: (progress: AnalysisProgress) => void,
  ) => Promise<R>,
): Unit<AtPeak<R>>[] {
  return seedsOf(bench).map((seed) => ({
    id: `seed ${seed}`,
    seed,
    weight: 1,
    run: async (onProgress) => {
      const peak = await modelAtPeak(bench, seed);
      const eigenpairs = await eigenpairsOf(bench, peak.model, directions);
      try {
        const measured = await measure(peak, eigenpairs, seed, onProgress);
        return { step: peak.step, sharpness: peak.sharpness, measured };
      } finally {
        eigenpairs.dispose();
        peak.model.dispose();
      }
    },
  }));
}

/** Where the peaks were, in a sentence. */
export function describePeaks(bench: Bench, results: readonly UnitResult<AtPeak<unknown>>[]): string {
  const { learningRate, batchSize } = bench.plan.peak;
  const [sharpness, step] = [
    withSpread(results.map(({ result }) => result.sharpness)),
    withSpread(results.map(({ result }) => result.step)),
  ];
  return `Measured where λ₁ was highest on a path of SGD with η = ${learningRate}, S = ${batchSize}: λ₁ = ${sharpness} at step ${step} (2/η = ${2 / learningRate}).`;
}
