import type { NoiseGridRun } from '../../../src/analysis/noise-grid.js';
import { noiseGrid } from '../../../src/analysis/noise-grid.js';
import { sharpnessChart } from '../../../src/plot/index.js';
import type { Finding, Unit, UnitResult } from '../finding.js';
import type { PlannedRun } from '../planned-run.js';
import { seedsOf, subtitleOf } from '../planned-run.js';
import type { PathPlan } from '../size-plan.js';
import { pathOf } from '../size-plan.js';
import { groupBy, markdownTable, withSpread } from '../table.js';
import { lossWeight, searchWeight, stepWeight } from '../weights.js';

/** Claim 1: sharpness along SGD, for several η at one S and several S at one η. */
export function sharpness(planned: PlannedRun): Finding<NoiseGridRun> {
  const plan = planned.plan.sharpness;
  const cells = [
    ...plan.learningRates.map((learningRate) => ({ learningRate, batchSize: plan.batchSize })),
    ...plan.batchSizes.map((batchSize) => ({ learningRate: plan.learningRate, batchSize })),
  ];
  return {
    units: seedsOf(planned).flatMap((seed) =>
      cells.map((cell) => sharpnessUnit(planned, seed, cell, plan.path)),
    ),
    report: (results) => ({
      claim:
        'along SGD λ₁ rises to a peak, then falls or settles; the peak is lower for larger η and for smaller S.',
      body: peakTable(results),
      pictures: [
        {
          name: 'sharpness-by-learning-rate',
          caption: `Sharpness along SGD with S = ${plan.batchSize}, seed 1`,
          spec: chart(
            planned,
            results,
            (run) => run.batchSize === plan.batchSize && plan.learningRates.includes(run.learningRate),
          ),
        },
        {
          name: 'sharpness-by-batch-size',
          caption: `Sharpness along SGD with η = ${plan.learningRate}, seed 1`,
          spec: chart(planned, results, (run) => run.learningRate === plan.learningRate),
        },
      ],
    }),
  };
}

/** A run of SGD from the initial weights of a seed. */
export function sharpnessUnit(
  planned: PlannedRun,
  seed: number,
  { learningRate, batchSize }: { readonly learningRate: number; readonly batchSize: number },
  path: PathPlan,
): Unit<NoiseGridRun> {
  const { steps, measureEvery } = pathOf(path, learningRate);
  const { lossExamples, hessianExamples } = planned.plan;
  return {
    id: `seed ${seed}, η = ${learningRate}, S = ${batchSize}`,
    seed,
    weight:
      steps * stepWeight(batchSize) + (steps / measureEvery) * (searchWeight(1) + lossWeight(lossExamples)),
    run: async (bench, onProgress) => {
      const model = bench.createModel(seed);
      try {
        const { runs } = await noiseGrid(bench.target(model), {
          learningRates: [learningRate],
          batchSizes: [batchSize],
          steps,
          measureEvery,
          tol: path.tol,
          lossExamples,
          hessianExamples,
          seed,
          onProgress,
        });
        return runs[0]!;
      } finally {
        model.dispose();
      }
    },
  };
}

/** Peaks and ends, over the seeds. */
export function peakTable(results: readonly UnitResult<NoiseGridRun>[]): string {
  const groups = groupBy(results, ({ result }) => result.name);
  return markdownTable(
    [
      'run',
      'steps',
      'highest λ₁',
      'peak of λ₁',
      'at step',
      'settled λ₁',
      '2/η',
      'loss at the end',
      'accuracy at the end',
      'distance',
    ],
    [...groups].map(([name, group]) => {
      const peaks = group.map(({ result }) => smoothedPeak(result));
      const last = group.map(({ result }) => result.records.at(-1)!);
      const { steps, learningRate } = group[0]!.result;
      return [
        name,
        String(steps),
        withSpread(group.map(({ result }) => result.peak.sharpness)),
        withSpread(peaks.map((peak) => peak.sharpness)),
        withSpread(peaks.map((peak) => peak.step)),
        withSpread(group.map(({ result }) => settledSharpness(result))),
        String(Number((2 / learningRate).toPrecision(3))),
        withSpread(last.map((record) => record.loss)),
        withSpread(last.map((record) => record.accuracy ?? NaN)),
        withSpread(last.map((record) => record.distance)),
      ];
    }),
  );
}

/** Measurements in a row whose median is a point of the smoothed curve: one alone may be a spike of an instability. */
const smoothedOver = 5;

/** The peak of λ₁: the highest median of five measurements in a row, and the step of the middle one. */
export function smoothedPeak({ records }: NoiseGridRun): {
  readonly step: number;
  readonly sharpness: number;
} {
  const windows = records
    .slice(0, Math.max(1, records.length - smoothedOver + 1))
    .map((_, i) => records.slice(i, i + smoothedOver));
  return windows
    .map((window) => ({ step: window[window.length >> 1]!.step, sharpness: medianSharpness(window) }))
    .reduce((best, point) => (point.sharpness > best.sharpness ? point : best));
}

/** Where λ₁ settled: its median over the second half of the measurements. */
export function settledSharpness({ records }: NoiseGridRun): number {
  return medianSharpness(records.slice(records.length >> 1));
}

function medianSharpness(records: NoiseGridRun['records']): number {
  const ascending = records.map(({ sharpness: value }) => value).sort((a, b) => a - b);
  return ascending[ascending.length >> 1]!;
}

function chart(
  planned: PlannedRun,
  results: readonly UnitResult<NoiseGridRun>[],
  isWanted: (run: NoiseGridRun) => boolean,
) {
  const runs = results.filter(({ seed, result }) => seed === 1 && isWanted(result));
  return sharpnessChart(
    runs.map(({ result }) => result),
    { subtitle: subtitleOf(planned, 'plain SGD'), axes: 'log' },
  );
}
