import { learningCurvesChart } from '../../../src/plot/index.js';
import type { Finding, Unit, UnitResult } from '../finding.js';
import type { NsgdChoice, NsgdResult } from '../nsgd-run.js';
import { trainNudged } from '../nsgd-run.js';
import type { PlannedRun } from '../planned-run.js';
import { seedsOf, subtitleOf } from '../planned-run.js';
import { groupBy, markdownTable, withSpread } from '../table.js';
import { lossWeight, searchWeight, stepWeight } from '../weights.js';

/** Claim 5: NSGD against SGD (γ = 1), and the number of directions. */
export function nsgd(planned: PlannedRun): Finding<NsgdResult> {
  const { gammas, k, ks } = planned.plan.nsgd;
  const sharp = gammas[0]!;
  const byK = ks.filter((other) => other !== k).map((other) => ({ gamma: sharp, k: other }));
  const choices: Choice[] = [
    ...gammas.map((gamma) => ({ gamma, k })),
    ...byK,
    { gamma: sharp, k, control: true },
  ];
  return {
    units: seedsOf(planned).flatMap((seed) => choices.map((choice) => nsgdUnit(planned, seed, choice))),
    report: (results) => {
      const ofGammas = results.filter(({ result }) => result.k === k && !result.control);
      const ofKs = results
        .filter(({ result }) => result.gamma === sharp && !result.control)
        .sort((a, b) => a.result.k - b.result.k);
      const { learningRate, batchSize, epochs, refreshEvery } = planned.plan.nsgd;
      return {
        claim:
          'γ < 1 trains faster at equal η and goes to sharper regions, γ > 1 to flatter ones; generalisation is no worse.',
        body: [
          `η = ${learningRate}, S = ${batchSize}, ${epochs} epochs, directions every ${refreshEvery} steps on ${planned.plan.hessianExamples} examples. γ = 1 is SGD; random directions are the control.`,
          table(results.filter(({ result }) => result.k === k)),
          `Number of directions at γ = ${sharp}:`,
          table(ofKs),
        ].join('\n\n'),
        pictures: [
          {
            name: 'nsgd-gamma',
            caption: `NSGD with K = ${k}, by γ, seed 1; accuracy on validation images`,
            spec: curves(planned, ofGammas, ({ gamma }) => (gamma === 1 ? 'γ = 1 (SGD)' : `γ = ${gamma}`)),
          },
          {
            name: 'nsgd-k',
            caption: `NSGD with γ = ${sharp}, by K, seed 1; accuracy on validation images`,
            spec: curves(planned, ofKs, (result) => `K = ${result.k}`),
          },
        ],
      };
    },
  };
}

type Choice = Omit<NsgdChoice, 'seed'>;

function nameOf({ gamma, k, control }: Choice): string {
  return `γ = ${gamma}, K = ${k}${control ? ', random directions' : ''}`;
}

function nsgdUnit(planned: PlannedRun, seed: number, choice: Choice): Unit<NsgdResult> {
  const { train, validation, lossExamples, nsgd: plan } = planned.plan;
  const { batchSize, epochs, refreshEvery } = plan;
  const steps = epochs * Math.floor(train / batchSize);
  const measurement = searchWeight(choice.k) + lossWeight(lossExamples) + lossWeight(validation);
  return {
    id: `seed ${seed}, ${nameOf(choice)}`,
    seed,
    weight: steps * stepWeight(batchSize) + (steps / refreshEvery) * measurement,
    run: (bench, onProgress) => trainNudged(bench, { seed, ...choice }, onProgress),
  };
}

function table(results: readonly UnitResult<NsgdResult>[]): string {
  const rows = [...groupBy(results, ({ result }) => nameOf(result))].map(([name, group]) => {
    const of = (pick: (result: NsgdResult) => number): string =>
      withSpread(group.map(({ result }) => pick(result)));
    return [
      name,
      of(({ end }) => end.loss),
      of(({ end }) => end.sharpness),
      of(({ distance }) => distance),
      of(({ end }) => end.accuracy),
      of(({ testAccuracy }) => testAccuracy),
    ];
  });
  return markdownTable(
    [
      'run',
      'training loss',
      'λ₁ at the end',
      'distance from the start',
      'validation accuracy',
      'test accuracy',
    ],
    rows,
  );
}

function curves(
  planned: PlannedRun,
  results: readonly UnitResult<NsgdResult>[],
  label: (result: NsgdResult) => string,
) {
  const runs = results.filter(({ seed }) => seed === 1);
  const { learningRate, batchSize } = planned.plan.nsgd;
  return learningCurvesChart(
    runs.map(({ result }) => ({ name: label(result), records: result.records })),
    { subtitle: subtitleOf(planned, `η = ${learningRate}, S = ${batchSize}`) },
  );
}
