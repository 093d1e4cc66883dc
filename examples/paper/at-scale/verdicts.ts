import { lateMean } from '../findings/escape.js';
import { markdownTable, withSpread } from '../table.js';
import type { ScaleRecords } from './all-records.js';
import { besideSgd, epochsIn } from './beside-sgd.js';
import { begun, notRun } from './block.js';
import { pathsOf } from './claim-1.js';
import { escapesOf } from './claim-4.js';
import { alignmentFactor, pointsApart } from './claims-2-3.js';
import { edgeRatio } from './edge.js';
import { peakIndex } from './path-points.js';
import type { RecordedRun } from './record-file.js';
import type { Setting } from './setting.js';
import {
  fashionSetting,
  mobyDickSetting,
  paperSetting,
  resnetSetting,
  runsOfSetting,
  spamSetting,
} from './setting.js';
import { isOver } from './train-run.js';
import { choiceOf } from './training-run.js';

/** What came of a claim with the paper's net, and with small ones, each with the part of the page that has the numbers. */
interface Verdict {
  readonly claim: string;
  readonly atScale: string;
  readonly small: string;
}

/** The first table of the page: each claim, and what came of it. */
export function verdictTable({ runs, closeUps }: ScaleRecords): string {
  const verdicts: readonly Verdict[] = [
    {
      claim: '1. Along SGD λ₁ rises to a peak, which is lower for larger η and for smaller S',
      atScale: `${sharpnessVerdict(runs, paperSetting)}: [paths](#claim-1-sharpness-along-sgd)`,
      small:
        '[Fashion-MNIST](#claim-1-with-small-nets): reproduced for η, for S nearly. [CIFAR-10](#cifar-10-with-small-nets): by S reproduced, by η not to be told',
    },
    {
      claim: '2. At the peak the step is too long along e₁',
      atScale: `${stepVerdict(closeUps)}: [steps](#claims-2-and-3-the-step-and-the-sharpest-directions)`,
      small:
        '[Fashion-MNIST](#claim-2-with-small-nets): in two seeds of three. [CIFAR-10](#cifar-10-with-small-nets): in every seed',
    },
    {
      claim: '3. Minibatch gradients align with the sharpest directions',
      atScale: `${alignmentVerdict(closeUps)}: [angles](#claims-2-and-3-the-step-and-the-sharpest-directions)`,
      small:
        '[Fashion-MNIST](#claim-3-with-small-nets) and [CIFAR-10](#cifar-10-with-small-nets): reproduced in every seed',
    },
    {
      claim: '4. Without the part along the top λ₁ grows; along the top alone the loss barely falls',
      atScale: `${escapeVerdict(closeUps)}: [variants](#claim-4-escape-from-the-peak)`,
      small:
        '[Fashion-MNIST](#claim-4-with-small-nets): reproduced. [CIFAR-10](#cifar-10-with-small-nets): λ₁ in every seed; of the loss 20 steps say little',
    },
    {
      claim: '5. γ < 1 trains faster and goes sharper, γ > 1 flatter; generalisation is no worse',
      atScale: `${nsgdVerdict(runs, paperSetting)}: [runs](#claim-5-nudged-sgd)`,
      small:
        '[Fashion-MNIST](#claim-5-with-small-nets): reproduced, but stopped long before the end of training. [CIFAR-10](#cifar-10-with-small-nets): sharper in every seed, faster in one of three',
    },
    ...[
      { where: 'mails, in place of IMDB', setting: spamSetting },
      { where: 'words of Moby-Dick, in place of PTB', setting: mobyDickSetting },
    ].map(({ where, setting }) => ({
      claim: `Claims 5 and 1 on ${where}`,
      atScale: `${bothVerdicts(runs, setting)}: [runs](#texts)`,
      small: notRun,
    })),
    {
      claim: 'Claims 5 and 1 on Fashion-MNIST',
      atScale: `${bothVerdicts(runs, fashionSetting)}: [runs](#fashion-mnist)`,
      small: 'as above',
    },
    {
      claim: 'Claim 5 with ResNet-32',
      atScale: `${nsgdVerdict(runs, resnetSetting)}: [runs](#resnet-32)`,
      small: notRun,
    },
    {
      claim: 'Not of the paper: full-batch gradient descent settles where λ₁ = 2/η (Cohen et al. 2021)',
      atScale: `${edgeVerdict(runs)}: [descents](#the-edge-of-stability)`,
      small: notRun,
    },
    {
      claim:
        'Not of the paper: it learns outside of the sharpest directions, not along them (Song, Ahn and Yun 2024)',
      atScale: `${subspaceVerdict(runs)}: [descents](#the-edge-of-stability)`,
      small: notRun,
    },
  ];
  return markdownTable(
    ['claim', 'with the paper’s net', 'with small nets, three seeds'],
    verdicts.map(({ claim, atScale, small }) => [claim, atScale, small]),
  );
}

/** A path that has its highest λ₁ a whole epoch or more behind it. */
function isPastPeak({ points }: RecordedRun): boolean {
  return points.length - 1 - peakIndex(points) >= 2;
}

function sharpnessVerdict(all: readonly RecordedRun[], setting: Setting): string {
  const every = begun(pathsOf(all, setting));
  if (every.length === 0) return notRun;
  const past = every.filter(isPastPeak);
  const orders = [
    orderOf(
      'η',
      past,
      ({ run }) => -run.learningRate,
      ({ run }) => run.batchSize,
    ),
    orderOf(
      'S',
      past,
      ({ run }) => run.batchSize,
      ({ run }) => run.learningRate,
    ),
  ].filter((order) => order !== '');
  return [
    `λ₁ has its highest value behind it on ${past.length} of ${every.length} paths`,
    ...(orders.length > 0 ? orders : ['an order by η or S is not to be told yet']),
  ].join('; ');
}

/** How many pairs of paths that differ in one setting alone are in the order of the claim; empty without a pair. */
function orderOf(
  name: string,
  paths: readonly RecordedRun[],
  flatterFirst: (path: RecordedRun) => number,
  other: (path: RecordedRun) => number,
): string {
  const highest = ({ points }: RecordedRun): number => points[peakIndex(points)]!.eigenvalues[0]!;
  const pairs = paths.flatMap((a) =>
    paths
      .filter((b) => other(a) === other(b) && a.run.seed === b.run.seed && flatterFirst(a) < flatterFirst(b))
      .map((b) => highest(a) < highest(b)),
  );
  if (pairs.length === 0) return '';
  return `by ${name} ${pairs.filter(Boolean).length} of ${pairs.length} pairs are in order`;
}

function stepVerdict(closeUps: ScaleRecords['closeUps']): string {
  const points = pointsApart(closeUps);
  if (points.length === 0) return notRun;
  const counted = (name: string, is: (quarter: number, whole: number) => boolean): string => {
    const own = points.filter((point) => point.name === name);
    const changes = own.map(({ measured }) =>
      [0.25, 1].map(
        (alpha) =>
          measured.decomposition.records.find(
            (record) => record.direction === 'e₁' && record.alpha === alpha,
          )!.lossChange,
      ),
    );
    return `${changes.filter(([quarter, whole]) => is(quarter!, whole!)).length} of ${own.length} paths`;
  };
  const told = (['peak', 'beginning'] as const)
    .filter((name) => points.some((point) => point.name === name))
    .map((name) => `at the ${name} on ${counted(name, (quarter, whole) => quarter < whole)}`);
  const raised = points.some(({ name }) => name === 'peak')
    ? `; at the peak it raises the loss on ${counted('peak', (_, whole) => whole > 0)}`
    : '';
  return `all of the step along e₁ does less good than a quarter of it ${told.join(', ')}${raised}`;
}

function alignmentVerdict(closeUps: ScaleRecords['closeUps']): string {
  const points = pointsApart(closeUps);
  const at = points.filter(({ name }) => name === 'peak');
  const shown = at.length > 0 ? at : points;
  if (shown.length === 0) return notRun;
  const of = (direction: string): string =>
    withSpread(shown.map((point) => alignmentFactor(point, direction)));
  const where = at.length > 0 ? 'peak' : shown[0]!.name;
  return `at the ${where} they point along e₁ ${of('e₁')} times as far as along a random direction, along e₅ ${of('e₅')} times`;
}

function escapeVerdict(closeUps: ScaleRecords['closeUps']): string {
  const runs = escapesOf(closeUps).map(({ escape }) => escape);
  const of = (name: string, pick: 'loss' | 'sharpness'): string =>
    withSpread(runs.filter((run) => run.name === name).map((run) => lateMean(run, pick)));
  const has = (name: string): boolean => runs.some((run) => run.name === name);
  if (!['normal', 'removeTop', 'onlyTop'].every(has)) return notRun;
  const normal = runs.filter(({ name }) => name === 'normal');
  const before = withSpread(normal.flatMap(({ records }) => records[0]?.loss ?? []));
  return `λ₁ comes to ${of('removeTop', 'sharpness')} without the part along e₁, to ${of('normal', 'sharpness')} with SGD; along e₁ alone the loss comes from ${before} to ${of('onlyTop', 'loss')}, with SGD to ${of('normal', 'loss')}`;
}

function edgeVerdict(all: readonly RecordedRun[]): string {
  const runs = begun(all.filter(({ run }) => run.finding === 'edge' && run.directions === 'none'));
  if (runs.length === 0) return notRun;
  const told = runs.map(
    (recorded) =>
      `${withSpread([edgeRatio(recorded)])} times 2/η with η = ${recorded.run.learningRate} in ${recorded.points.at(-1)!.step} steps`,
  );
  return `λ₁ over the second half is ${told.join(', ')}`;
}

function subspaceVerdict(all: readonly RecordedRun[]): string {
  const runs = begun(all.filter(({ run }) => run.finding === 'edge' && run.directions !== 'none'));
  if (runs.length === 0) return notRun;
  const told = runs.map(({ run, points }) => {
    const { loss, step } = points.at(-1)!;
    const whole = all.find(
      (other) =>
        other.run.finding === 'edge' &&
        other.run.directions === 'none' &&
        other.run.learningRate === run.learningRate,
    );
    const beside = whole?.points.find((point) => point.step === step);
    const than = beside == null ? '' : ` against ${withSpread([beside.loss])}`;
    return `${choiceOf(run)}: training loss ${withSpread([loss])}${than} after ${step} steps`;
  });
  return told.join('; ');
}

function nsgdVerdict(all: readonly RecordedRun[], setting: Setting): string {
  const runs = begun(runsOfSetting(all, setting).filter(({ run }) => run.finding === 'nsgd'));
  const [short, long] = [besideSgd(runs, 0.01), besideSgd(runs, 5)];
  if (short.length === 0) {
    return runs.some(({ run }) => run.directions === 'none') ? 'SGD has begun, γ < 1 has not' : notRun;
  }
  const count = (pairs: typeof short, holds: (pair: (typeof short)[number]) => boolean): string =>
    `${pairs.filter(holds).length} of ${pairs.length}`;
  const random = besideSgd(runs, 0.01, 'random').map(
    ({ plain, nudged }) => nudged.eigenvalues[0]! / plain.eigenvalues[0]!,
  );
  const accuracy = short.map(({ plain, nudged }) => 100 * (nudged.testAccuracy! - plain.testAccuracy!));
  const open = runs.some(({ run, points }) => !isOver(run, points));
  return [
    `${open ? 'so far, ' : ''}after ${epochsIn(short)} epochs γ = 0.01 has the lower training loss in ${count(short, ({ plain, nudged }) => nudged.loss < plain.loss)} seeds`,
    `the higher λ₁ in ${count(short, ({ plain, nudged }) => nudged.eigenvalues[0]! > plain.eigenvalues[0]!)}`,
    `test accuracy is above SGD's by ${withSpread(accuracy)} points`,
    `with its searches for directions it takes ${withSpread(short.map(({ timesAsLong }) => timesAsLong))} times as long`,
    ...(random.length === 0 ? [] : [`with random directions λ₁ is ${withSpread(random)} times that of SGD`]),
    long.length === 0
      ? 'γ = 5 is not run yet'
      : `γ = 5 has the lower λ₁ in ${count(long, ({ plain, nudged }) => nudged.eigenvalues[0]! < plain.eigenvalues[0]!)}`,
  ].join('; ');
}

/** Claims 5 and 1. */
function bothVerdicts(runs: readonly RecordedRun[], setting: Setting): string {
  const verdicts = [nsgdVerdict(runs, setting), sharpnessVerdict(runs, setting)];
  return [...new Set(verdicts)].join('; ');
}
