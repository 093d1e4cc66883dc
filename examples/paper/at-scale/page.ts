import { groupBy, markdownTable, withSpread } from '../table.js';
import { pictures } from './pictures.js';
import type { RecordedRun } from './record-file.js';
import { isOver } from './train-run.js';
import type { TrainingPoint } from './training-point.js';
import { epochsOf } from './training-point.js';
import { nameOf } from './training-run.js';

/** The lines of the page between which the section stands. */
export const sectionBegin = '<!-- drawn by npm run docs:paper from docs/paper/records -->';
export const sectionEnd = '<!-- end of what npm run docs:paper draws -->';

/** Where the pictures lie, as seen from the page. */
const pictureFolder = 'paper';

/** The section in the place of the one that is there. */
export function withSection(page: string, section: string): string {
  const [begin, end] = [page.indexOf(sectionBegin), page.indexOf(sectionEnd)];
  if (begin < 0 || end < begin) throw new Error(`the page has no lines ${sectionBegin} and ${sectionEnd}`);
  return `${page.slice(0, begin + sectionBegin.length)}\n\n${section}\n\n${page.slice(end)}`;
}

/** What the records tell: how far each run has come, tables at equal epochs, pictures. */
export function sectionOf(runs: readonly RecordedRun[]): string {
  const nsgd = begun(runs.filter(({ run }) => run.finding === 'nsgd'));
  const paths = begun(runs.filter(({ run }) => run.finding === 'sharpness'));
  return [
    progressTable(runs),
    ...(nsgd.length === 0 ? [] : ['**Claim 5**', ...nsgdTables(nsgd)]),
    ...(paths.length === 0 ? [] : ['**Claim 1**', pathTable(paths)]),
    ...checkTable(runs),
    ...pictures(runs).map(({ name, caption }) => `![${caption}](${pictureFolder}/${name}.svg)`),
  ].join('\n\n');
}

/** Those that have an epoch behind them. */
function begun(runs: readonly RecordedRun[]): readonly RecordedRun[] {
  return runs.filter(({ points }) => epochsOf(points) >= 1);
}

/** λ₁ on the larger sample beside that on the smaller one, where both were measured. */
function checkTable(runs: readonly RecordedRun[]): string[] {
  const rows = runs.flatMap(({ run, points }) =>
    points
      .filter(({ checkSharpness }) => checkSharpness != null)
      .map(({ epoch, eigenvalues, checkSharpness }) => [
        nameOf(run),
        String(epoch),
        withSpread([eigenvalues[0]!]),
        withSpread([checkSharpness!]),
      ]),
  );
  return rows.length === 0
    ? []
    : [
        'How much the sample of λ₁ matters:',
        markdownTable(['run', 'epoch', 'λ₁ of 512', 'λ₁ of 2 250'], rows),
      ];
}

/** What both claims are called on the page. */
const claims: Readonly<Record<string, string>> = { nsgd: '5', sharpness: '1' };

function progressTable(runs: readonly RecordedRun[]): string {
  return markdownTable(
    ['claim', 'run', 'epochs', 'of', 'processor hours'],
    runs.map(({ run, points }) => [
      claims[run.finding] ?? run.finding,
      nameOf(run),
      points.length === 0 ? 'not begun' : String(epochsOf(points)),
      isOver(run, points) ? 'done' : String(run.epochs),
      points.length === 0 ? '–' : (points.at(-1)!.seconds / 3600).toFixed(2),
    ]),
  );
}

/** The epochs at which runs are compared. */
const comparedAt = [1, 5, 10, 15];

function nsgdTables(runs: readonly RecordedRun[]): string[] {
  const byChoice = [...groupBy(runs, ({ run }) => nameOf(run).replace(/, seed \d+$/, ''))];
  const rowsOf = (pick: (points: readonly TrainingPoint[]) => TrainingPoint | undefined): string[][] =>
    byChoice.flatMap(([name, group]) => {
      const at = group.flatMap(({ points }) => pick(points) ?? []);
      const of = (value: (point: TrainingPoint) => number): string => withSpread(at.map(value));
      const row = [
        name,
        String(at.length),
        of(({ epoch }) => epoch),
        of(({ loss }) => loss),
        of(({ eigenvalues }) => eigenvalues[0]!),
        of(({ distance }) => distance),
        of(({ validationAccuracy }) => validationAccuracy!),
        of(({ testAccuracy }) => testAccuracy!),
        of(({ trainingSeconds }) => trainingSeconds / 60),
      ];
      return at.length === 0 ? [] : [row];
    });
  const head = [
    'run',
    'seeds',
    'epoch',
    'training loss',
    'λ₁',
    'distance',
    'validation accuracy',
    'test accuracy',
    'minutes of a core for the training',
  ];
  const equal = comparedAt.flatMap((compared) =>
    rowsOf((points) => points.find(({ epoch }) => epoch === compared)),
  );
  return [
    'At equal epochs, where a run has come so far:',
    markdownTable(head, equal),
    'At the epoch of the best validation accuracy so far:',
    markdownTable(head, rowsOf(bestValidation)),
  ];
}

function bestValidation(points: readonly TrainingPoint[]): TrainingPoint {
  return points
    .filter(({ epoch, validationAccuracy }) => epoch >= 1 && validationAccuracy != null)
    .reduce((best, point) => (point.validationAccuracy! > best.validationAccuracy! ? point : best));
}

function pathTable(runs: readonly RecordedRun[]): string {
  return markdownTable(
    ['run', 'epochs', 'highest λ₁', 'at epoch', 'last λ₁', '2/η', 'training loss', 'training accuracy'],
    runs.map(({ run, points }) => {
      const sharpness = ({ eigenvalues }: TrainingPoint): number => eigenvalues[0]!;
      const highest = points.reduce((best, point) => (sharpness(point) > sharpness(best) ? point : best));
      const last = points.at(-1)!;
      const accuracy = points.flatMap(({ trainAccuracy }) => trainAccuracy ?? []).at(-1)!;
      return [
        nameOf(run),
        String(last.epoch),
        withSpread([sharpness(highest)]),
        String(highest.epoch),
        withSpread([sharpness(last)]),
        String(Number((2 / run.learningRate).toPrecision(3))),
        withSpread([last.loss]),
        withSpread([accuracy]),
      ];
    }),
  );
}
