import type { EscapeRun, EscapeVariantChoice } from '../../../src/analysis/escape.js';
import { escapeAblation } from '../../../src/analysis/escape.js';
import { escapeChart } from '../../../src/plot/index.js';
import type { Finding, Picture, Unit, UnitResult } from '../finding.js';
import { modelAtPeak, wayToPeak } from '../peak-checkpoint.js';
import type { PlannedRun } from '../planned-run.js';
import { seedsOf, subtitleOf } from '../planned-run.js';
import { groupBy, markdownTable, withSpread } from '../table.js';
import { lossWeight, searchWeight, stepWeight } from '../weights.js';

/** Claim 4: variants of SGD that act only in, or only outside, the sharpest subspace. */
export function escape(planned: PlannedRun): Finding<EscapeRun> {
  const { steps, variants } = planned.plan.escape;
  return {
    units: seedsOf(planned).flatMap((seed) => variants.map((choice) => escapeUnit(planned, seed, choice))),
    report: (results) => ({
      claim: 'removing the top directions lets λ₁ grow; stepping only along them barely lowers the loss.',
      body: [
        `${steps} steps from the peak, e₁ found anew after every step; "after" is the mean over the second half.`,
        escapeTable(results),
      ].join('\n\n'),
      pictures: escapePictures(planned, results),
    }),
  };
}

/** What a table of variants is made of. */
export type EscapeSteps = Pick<EscapeRun, 'name' | 'records'>;

/** λ₁ and loss of each variant before its first step, and over the second half of its steps. */
export function escapeTable(results: readonly { readonly result: EscapeSteps }[]): string {
  const rows = [...groupBy(results, ({ result }) => result.name)].map(([name, group]) => {
    const before = (pick: 'loss' | 'sharpness'): string =>
      withSpread(group.map(({ result }) => result.records[0]![pick]));
    const after = (pick: 'loss' | 'sharpness'): string =>
      withSpread(group.map(({ result }) => lateMean(result, pick)));
    return [name, before('sharpness'), after('sharpness'), before('loss'), after('loss')];
  });
  return markdownTable(['variant', 'λ₁ before', 'λ₁ after', 'loss before', 'loss after'], rows);
}

/** Mean over the second half of the steps. */
export function lateMean({ records }: EscapeSteps, pick: 'loss' | 'sharpness'): number {
  const late = records.slice(records.length >> 1);
  return late.reduce((sum, record) => sum + record[pick], 0) / late.length;
}

/** One picture of the variants without a factor, and one for each factor, with plain SGD in all of them. */
function escapePictures(planned: PlannedRun, results: readonly UnitResult<EscapeRun>[]): Picture[] {
  const { learningRate, batchSize } = planned.plan.peak;
  const runs = results.filter(({ seed }) => seed === 1).map(({ result }) => result);
  return [...new Set(runs.map(({ factor }) => factor))].map((factor) => {
    const shown = runs.filter((run) => run.factor === factor || run.variant === 'normal');
    const which = factor == null ? '' : `, factor ${factor}`;
    return {
      name: factor == null ? 'escape' : `escape-factor-${factor}`,
      caption: `Escape from the peak, by variant of SGD${which}, seed 1`,
      spec: escapeChart(
        shown.map(({ name, records }) => ({
          name,
          records: records.map(({ step, loss, sharpness }) => ({ step, loss, sharpness })),
        })),
        { subtitle: subtitleOf(planned, `from the peak, η = ${learningRate}, S = ${batchSize}`) },
      ),
    };
  });
}

function escapeUnit(planned: PlannedRun, seed: number, choice: EscapeVariantChoice): Unit<EscapeRun> {
  const { peak, escape: plan, lossExamples, hessianExamples } = planned.plan;
  // Variants of several directions look for five.
  const directions = choice.variant.startsWith('all') ? 5 : 1;
  const stepCost = searchWeight(directions) + stepWeight(peak.batchSize) + lossWeight(lossExamples);
  return {
    id: `seed ${seed}, ${choice.variant}${choice.factor == null ? '' : ` ${choice.factor}`}`,
    seed,
    weight: plan.steps * stepCost,
    needs: wayToPeak(planned, seed),
    run: async (bench, onProgress) => {
      const { model } = modelAtPeak(bench, seed);
      try {
        const { runs } = await escapeAblation(bench.target(model), {
          learningRate: peak.learningRate,
          batchSize: peak.batchSize,
          variants: [choice],
          steps: plan.steps,
          tol: plan.tol,
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
