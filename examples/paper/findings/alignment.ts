import type { GradientAlignment } from '../../../src/analysis/alignment.js';
import { gradientAlignment } from '../../../src/analysis/alignment.js';
import { alignmentChart } from '../../../src/plot/index.js';
import type { Finding } from '../finding.js';
import type { PlannedRun } from '../planned-run.js';
import { subtitleOf } from '../planned-run.js';
import { markdownTable, withSpread } from '../table.js';
import type { AtPeak } from './at-peak.js';
import { describePeaks, unitsAtPeak } from './at-peak.js';
import { stepWeight } from '../weights.js';

/** Claim 3: how far minibatch gradients point along the sharpest directions. */
export function alignment(planned: PlannedRun): Finding<AtPeak<GradientAlignment>> {
  const { minibatches, peak, train } = planned.plan;
  const weight = stepWeight(train) + minibatches * stepWeight(peak.batchSize);
  return {
    units: unitsAtPeak(planned, weight, (bench, { model }, eigenpairs, seed, onProgress) =>
      gradientAlignment(bench.target(model), {
        batchSize: peak.batchSize,
        eigenpairs,
        minibatches,
        seed,
        onProgress,
      }),
    ),
    report: (results) => {
      const measured = results.map(({ result }) => result.measured);
      const first = measured[0]!;
      const rows = first.records.map(({ direction, gradient }, i) => [
        direction,
        gradient,
        withSpread(measured.map(({ records }) => records[i]!.meanAbsCosine)),
        // The sign of an eigenvector is arbitrary, and so is that of the mean.
        withSpread(measured.map(({ records }) => Math.abs(records[i]!.meanCosine))),
        withSpread(
          measured.map(
            ({ records, expectedRandomBaseline }) => records[i]!.meanAbsCosine / expectedRandomBaseline,
          ),
        ),
      ]);
      const table = markdownTable(
        ['direction', 'gradient', 'mean abs cos', 'size of the mean cos', 'mean abs cos over √(2/πn)'],
        rows,
      );
      return {
        claim: 'minibatch gradients align with the sharpest directions far more than with random ones.',
        body: `${describePeaks(planned, results)}\n\n${table}`,
        pictures: [
          {
            name: 'alignment',
            caption: 'Alignment of gradients with the sharpest directions, seed 1',
            spec: alignmentChart(
              first.records.filter(({ direction }) => direction.startsWith('e')),
              {
                randomBaseline: first.randomBaseline,
                subtitle: subtitleOf(planned, `at the peak, S = ${peak.batchSize}`),
              },
            ),
          },
        ],
      };
    },
  };
}
