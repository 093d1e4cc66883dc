import type { NoiseGridRun } from '../../../src/analysis/noise-grid.js';
import { sharpnessChart } from '../../../src/plot/index.js';
import type { Bench } from '../bench.js';
import { subtitleOf } from '../bench.js';
import type { Finding } from '../finding.js';
import { seedsOf } from '../seeds.js';
import { peakTable, sharpnessUnit } from './sharpness.js';

/** Claim 1 over the whole plane of noise. */
export function grid(bench: Bench): Finding<NoiseGridRun> {
  const { learningRates, batchSizes, path } = bench.plan.grid;
  const cells = learningRates.flatMap((learningRate) =>
    batchSizes.map((batchSize) => ({ learningRate, batchSize })),
  );
  return {
    units: seedsOf(bench).flatMap((seed) => cells.map((cell) => sharpnessUnit(bench, seed, cell, path))),
    report: (results) => ({
      claim: 'the sharpness SGD reaches falls with η and grows with S.',
      body: peakTable(results),
      pictures: [
        {
          name: 'grid',
          caption: 'Sharpness along SGD for every η and S, seed 1',
          spec: sharpnessChart(
            results
              .filter(({ seed }) => seed === 1)
              .map(({ result: { name, records } }) => ({ name, records })),
            { subtitle: subtitleOf(bench, 'plain SGD'), axes: 'log' },
          ),
        },
      ],
    }),
  };
}
