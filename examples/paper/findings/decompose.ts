import type { StepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { stepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { stepDecompositionChart } from '../../../src/plot/index.js';
import type { Finding } from '../finding.js';
import type { PlannedRun } from '../planned-run.js';
import { subtitleOf } from '../planned-run.js';
import { groupBy, markdownTable, withSpread } from '../table.js';
import type { AtPeak } from './at-peak.js';
import { describePeaks, unitsAtPeak } from './at-peak.js';
import { lossWeight } from '../weights.js';

/** Claim 2: what the parts of the SGD step do at the peak. */
export function decompose(planned: PlannedRun): Finding<AtPeak<StepDecomposition>> {
  const { lossExamples, minibatches, peak } = planned.plan;
  // Seven α along each of e₁ … e₅, a random direction and the whole step.
  const weight = 49 * minibatches * lossWeight(lossExamples);
  return {
    units: unitsAtPeak(planned, weight, (bench, { model }, eigenpairs, seed, onProgress) =>
      stepDecomposition(bench.target(model), {
        learningRate: peak.learningRate,
        batchSize: peak.batchSize,
        eigenpairs,
        minibatches,
        lossExamples,
        seed,
        onProgress,
      }),
    ),
    report: (results) => {
      const all = results.flatMap(({ result }) => result.measured.records);
      const { alphas } = results[0]!.result.measured.settings;
      const rows = [...groupBy(all, ({ direction }) => direction)].map(([direction, records]) => [
        direction,
        ...alphas.map((alpha) =>
          withSpread(records.filter((record) => record.alpha === alpha).map((record) => record.lossChange)),
        ),
      ]);
      const table = markdownTable(['change of the loss (%)', ...alphas.map((alpha) => `α = ${alpha}`)], rows);
      return {
        claim:
          'at the peak a step along a sharpest direction lowers the loss on average for small α, and no longer for α around 1 and above.',
        body: `${describePeaks(planned, results)}\n\n${table}`,
        pictures: [
          {
            name: 'step-decomposition',
            caption: 'What a step along each direction does to the loss, seed 1',
            spec: stepDecompositionChart(results[0]!.result.measured.records, {
              subtitle: subtitleOf(planned, `at the peak, η = ${peak.learningRate}, S = ${peak.batchSize}`),
            }),
          },
        ],
      };
    },
  };
}
