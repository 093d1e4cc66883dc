import type { EscapeRun, EscapeVariantChoice } from '../../../src/analysis/escape.js';
import { escapeAblation } from '../../../src/analysis/escape.js';
import { escapeChart } from '../../../src/plot/index.js';
import type { Bench } from '../bench.js';
import { subtitleOf } from '../bench.js';
import type { Finding, Unit } from '../finding.js';
import { modelAtPeak } from '../peak-checkpoint.js';
import { seedsOf } from '../seeds.js';
import { groupBy, markdownTable, withSpread } from '../table.js';

const mainVariants: readonly EscapeVariantChoice[] = [
  { variant: 'normal' },
  { variant: 'onlyTop' },
  { variant: 'constantTop' },
  { variant: 'removeTop' },
];

const scaledVariants: readonly EscapeVariantChoice[] = [
  ...([4, 2, 0.5, 0.25] as const).flatMap((factor) => [
    { variant: 'topScaled' as const, factor },
    { variant: 'bottomScaled' as const, factor },
    { variant: 'allTopScaled' as const, factor },
  ]),
  { variant: 'allDrop', factor: 0.5 },
  { variant: 'allDrop', factor: 0.25 },
  { variant: 'constantOvershoot' },
];

/** Claim 4: variants of SGD that act only in, or only outside, the sharpest subspace. */
export function escape(bench: Bench): Finding<EscapeRun> {
  const variants = bench.settings.size === 'full' ? [...mainVariants, ...scaledVariants] : mainVariants;
  return {
    units: seedsOf(bench).flatMap((seed) => variants.map((choice) => escapeUnit(bench, seed, choice))),
    report: (results) => {
      const rows = [...groupBy(results, ({ result }) => result.name)].map(([name, group]) => {
        const of = (pick: 'loss' | 'sharpness', at: 0 | -1): string =>
          withSpread(group.map(({ result }) => result.records.at(at)![pick]));
        return [name, of('sharpness', 0), of('sharpness', -1), of('loss', 0), of('loss', -1)];
      });
      const {
        peak,
        escape: { steps },
      } = bench.plan;
      return {
        claim: 'removing the top directions lets λ₁ grow; stepping only along them barely lowers the loss.',
        body: `${steps} steps from the peak, e₁ found anew every ${bench.plan.escape.refreshEvery} steps.\n\n${markdownTable(
          ['variant', 'λ₁ before', 'λ₁ after', 'loss before', 'loss after'],
          rows,
        )}`,
        pictures: [
          {
            name: 'escape',
            caption: 'Escape from the peak, by variant of SGD, seed 1',
            spec: escapeChart(
              results
                .filter(({ seed }) => seed === 1)
                .map(({ result: { name, records } }) => ({
                  name,
                  records: records.map(({ step, loss, sharpness }) => ({ step, loss, sharpness })),
                })),
              {
                subtitle: subtitleOf(bench, `from the peak, η = ${peak.learningRate}, S = ${peak.batchSize}`),
              },
            ),
          },
        ],
      };
    },
  };
}

function escapeUnit(bench: Bench, seed: number, choice: EscapeVariantChoice): Unit<EscapeRun> {
  const { peak, escape: plan, lossExamples, hessianExamples } = bench.plan;
  return {
    id: `seed ${seed}, ${choice.variant}${choice.factor == null ? '' : ` ${choice.factor}`}`,
    seed,
    weight: 1,
    run: async (onProgress) => {
      const { model } = await modelAtPeak(bench, seed);
      try {
        const { runs } = await escapeAblation(bench.target(model), {
          learningRate: peak.learningRate,
          batchSize: peak.batchSize,
          variants: [choice],
          steps: plan.steps,
          refreshEvery: plan.refreshEvery,
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
