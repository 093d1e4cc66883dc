import type { NoiseGridRun } from '../../../src/analysis/noise-grid.js';
import { noiseGrid } from '../../../src/analysis/noise-grid.js';
import { sharpnessChart } from '../../../src/plot/index.js';
import type { Bench } from '../bench.js';
import { subtitleOf } from '../bench.js';
import type { Finding, Unit, UnitResult } from '../finding.js';
import { seedsOf } from '../seeds.js';
import { groupBy, markdownTable, withSpread } from '../table.js';

/** Claim 1: sharpness along SGD, for several η at one S and several S at one η. */
export function sharpness(bench: Bench): Finding<NoiseGridRun> {
  const plan = bench.plan.sharpness;
  const cells = [
    ...plan.learningRates.map((learningRate) => ({ learningRate, batchSize: plan.batchSize })),
    ...plan.batchSizes.map((batchSize) => ({ learningRate: plan.learningRate, batchSize })),
  ];
  return {
    units: seedsOf(bench).flatMap((seed) => cells.map((cell) => sharpnessUnit(bench, seed, cell, plan))),
    report: (results) => ({
      claim:
        'along SGD λ₁ rises to a peak, then falls or settles; the peak is lower for larger η and for smaller S.',
      body: peakTable(results),
      pictures: [
        {
          name: 'sharpness-by-learning-rate',
          caption: `Sharpness along SGD with S = ${plan.batchSize}, seed 1`,
          spec: chart(
            bench,
            results,
            (run) => run.batchSize === plan.batchSize && plan.learningRates.includes(run.learningRate),
          ),
        },
        {
          name: 'sharpness-by-batch-size',
          caption: `Sharpness along SGD with η = ${plan.learningRate}, seed 1`,
          spec: chart(bench, results, (run) => run.learningRate === plan.learningRate),
        },
      ],
    }),
  };
}

/** A run of SGD from the initial weights of a seed. */
export function sharpnessUnit(
  bench: Bench,
  seed: number,
  { learningRate, batchSize }: { readonly learningRate: number; readonly batchSize: number },
  { steps, measureEvery }: { readonly steps: number; readonly measureEvery: number },
): Unit<NoiseGridRun> {
  const { lossExamples, hessianExamples } = bench.plan;
  return {
    id: `seed ${seed}, η = ${learningRate}, S = ${batchSize}`,
    seed,
    // A measurement costs about as much as a gradient of 5000 examples.
    weight: steps * batchSize + (5000 * steps) / measureEvery,
    run: async (onProgress) => {
      const model = bench.createModel(seed);
      try {
        const { runs } = await noiseGrid(bench.target(model), {
          learningRates: [learningRate],
          batchSizes: [batchSize],
          steps,
          measureEvery,
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
    ['run', 'peak λ₁', 'at step', 'settled λ₁', 'loss at the end', 'accuracy at the end', 'distance', '2/η'],
    [...groups].map(([name, group]) => {
      const last = group.map(({ result }) => result.records.at(-1)!);
      return [
        name,
        withSpread(group.map(({ result }) => result.peak.sharpness)),
        withSpread(group.map(({ result }) => result.peak.step)),
        withSpread(group.map(({ result }) => settledSharpness(result))),
        withSpread(last.map((record) => record.loss)),
        withSpread(last.map((record) => record.accuracy ?? NaN)),
        withSpread(last.map((record) => record.distance)),
        String(Number((2 / group[0]!.result.learningRate).toPrecision(3))),
      ];
    }),
  );
}

/**
 * Where λ₁ settled: its median over the second half of the measurements. The peak of a single run may be one
 * measurement in an instability; the median is not.
 */
export function settledSharpness({ records }: NoiseGridRun): number {
  const late = records.slice(Math.floor(records.length / 2)).map(({ sharpness: value }) => value);
  return late.sort((a, b) => a - b)[Math.floor(late.length / 2)]!;
}

function chart(
  bench: Bench,
  results: readonly UnitResult<NoiseGridRun>[],
  isWanted: (run: NoiseGridRun) => boolean,
) {
  const runs = results.filter(({ seed, result }) => seed === 1 && isWanted(result));
  return sharpnessChart(
    runs.map(({ result }) => result),
    { subtitle: subtitleOf(bench, 'plain SGD') },
  );
}
