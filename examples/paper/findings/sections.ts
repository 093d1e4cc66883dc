import type { LossCrossSection, LossSection } from '../../../src/analysis/cross-section.js';
import { lossCrossSection } from '../../../src/analysis/cross-section.js';
import { crossSectionChart } from '../../../src/plot/index.js';
import type { Finding } from '../finding.js';
import type { PlannedRun } from '../planned-run.js';
import { subtitleOf } from '../planned-run.js';
import { markdownTable, withSpread } from '../table.js';
import type { AtPeak } from './at-peak.js';
import { describePeaks, unitsAtPeak } from './at-peak.js';
import { lossWeight } from '../weights.js';

/** The loss along the sharpest directions, in units of the SGD step. */
export function sections(planned: PlannedRun): Finding<AtPeak<LossCrossSection>> {
  const { lossExamples, minibatches, peak } = planned.plan;
  // Seventeen points along each of e₁ … e₅.
  const weight = 85 * lossWeight(lossExamples);
  return {
    units: unitsAtPeak(planned, weight, (bench, { model }, eigenpairs, seed, onProgress) =>
      lossCrossSection(bench.target(model), {
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
      const measured = results.map(({ result }) => result.measured);
      const first = measured[0]!;
      const rows = first.records.map(({ direction, widths }, i) => {
        const width = (t: number, side: 'uphill' | 'downhill'): string => {
          const found = measured.map(({ records }) => widthOf(records[i]!, t, side));
          const reached = found.filter((offset) => offset != null);
          return reached.length === 0 ? 'beyond' : withSpread(reached);
        };
        return [
          direction,
          withSpread(measured.map(({ records }) => records[i]!.eigenvalue)),
          withSpread(measured.map(({ records }) => records[i]!.scale)),
          ...widths.map((_, t) => `${width(t, 'uphill')}, ${width(t, 'downhill')}`),
        ];
      });
      const head = [
        'direction',
        'λ',
        'step length',
        ...first.settings.thresholds.map((t) => `loss > ${t} L at`),
      ];
      return {
        claim: 'at the peak the SGD step is as long as the valley is wide along the sharpest directions.',
        body: `${describePeaks(planned, results)}\n\n${markdownTable(head, rows)}\n\nDistances uphill and downhill, in mean SGD steps.`,
        pictures: [
          {
            name: 'cross-sections',
            caption: 'Loss along the sharpest directions, in mean SGD steps, seed 1',
            spec: crossSectionChart(first.records, {
              subtitle: subtitleOf(planned, `at the peak, η = ${peak.learningRate}, S = ${peak.batchSize}`),
            }),
          },
        ],
      };
    },
  };
}

/** How far the loss stays below a threshold, to the side to which it falls at first or to the other. */
function widthOf(
  { offsets, losses, widths }: LossSection,
  threshold: number,
  side: 'uphill' | 'downhill',
): number | null {
  const middle = offsets.indexOf(0);
  const fallsForward = losses[middle + 1]! < losses[middle - 1]!;
  const { negative, positive } = widths[threshold]!;
  const isForward = (side === 'downhill') === fallsForward;
  const offset = isForward ? positive : negative;
  return offset == null ? null : Math.abs(offset);
}
