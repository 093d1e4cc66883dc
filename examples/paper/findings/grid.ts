import type { NoiseGridRun } from '../../../src/analysis/noise-grid.js';
import { sharpnessChart } from '../../../src/plot/index.js';
import type { Finding } from '../finding.js';
import type { PlannedRun } from '../planned-run.js';
import { seedsOf, subtitleOf } from '../planned-run.js';
import { peakTable, sharpnessUnit } from './sharpness.js';

/** Claim 1 over the whole plane of noise. */
export function grid(planned: PlannedRun): Finding<NoiseGridRun> {
  const { learningRates, batchSizes, path } = planned.plan.grid;
  const cells = learningRates.flatMap((learningRate) =>
    batchSizes.map((batchSize) => ({ learningRate, batchSize })),
  );
  return {
    units: seedsOf(planned).flatMap((seed) => cells.map((cell) => sharpnessUnit(planned, seed, cell, path))),
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
            { subtitle: subtitleOf(planned, 'plain SGD'), axes: 'log' },
          ),
        },
      ],
    }),
  };
}
