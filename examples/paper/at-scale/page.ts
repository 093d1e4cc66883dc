import { markdownTable } from '../table.js';
import type { ScaleRecords } from './all-records.js';
import type { Block } from './block.js';
import { notRun } from './block.js';
import { sampleBlock, sharpnessBlock } from './claim-1.js';
import { nsgdBlock } from './claim-5.js';
import { decompositionBlock } from './claims-2-3.js';
import { escapeBlock } from './claim-4.js';
import type { CloseUpFinding } from './close-up.js';
import { closeUpPlan, unitsOf } from './close-up.js';
import { edgeBlock } from './edge.js';
import { headlineBlock } from './headline.js';
import type { Setting } from './setting.js';
import { fashionSetting, mobyDickSetting, paperSetting, resnetSetting, spamSetting } from './setting.js';
import { isOver } from './train-run.js';
import { epochsOf } from './training-point.js';
import { scalePlanOf } from './scale-plans.js';
import type { TrainingRun } from './training-run.js';
import { nameOf } from './training-run.js';
import { verdictTable } from './verdicts.js';

/** A page with parts that are drawn from the records. */
export interface Page {
  /** Seen from the root of the repository. */
  readonly file: string;
  /** Where its pictures lie, seen from the page. */
  readonly pictureFolder: string;
  readonly blocks: Blocks;
}

/** Parts of a page, by name. */
export type Blocks = Readonly<Record<string, Block>>;

/** The pages that tell of the records. */
export function pagesOf(records: ScaleRecords): readonly Page[] {
  const headline = headlineBlock(records.runs, paperSetting);
  return [
    { file: 'docs/paper.md', pictureFolder: 'paper', blocks: blocksOf(records) },
    { file: 'README.md', pictureFolder: 'docs/paper', blocks: { headline } },
  ];
}

/** The parts of docs/paper.md, by name. */
export function blocksOf(records: ScaleRecords): Blocks {
  const { runs, closeUps } = records;
  return {
    verdicts: { text: verdictTable(records), pictures: [] },
    progress: { text: progressTable(records), pictures: [] },
    'claim 5': nsgdBlock(runs, paperSetting),
    'claim 1': sharpnessBlock(runs, paperSetting),
    sample: sampleBlock(runs),
    'claims 2 and 3': decompositionBlock(closeUps),
    'claim 4': escapeBlock(closeUps),
    edge: edgeBlock(runs),
    mails: besides(runs, spamSetting),
    words: besides(runs, mobyDickSetting),
    'Fashion-MNIST': besides(runs, fashionSetting),
    'ResNet-32': besides(runs, resnetSetting),
  };
}

/** Claims 5 and 1 with another net or other data. */
function besides(runs: ScaleRecords['runs'], setting: Setting): Block {
  const blocks = [nsgdBlock(runs, setting), sharpnessBlock(runs, setting)];
  return {
    text: blocks
      .map(({ text }) => text)
      .filter((text) => text !== '')
      .join('\n\n'),
    pictures: blocks.flatMap(({ pictures }) => pictures),
  };
}

/**
 * A page with blocks in the place of those that are there.
 *
 * @throws Error for a block that has no place on the page, or a place without a block
 */
export function withBlocks(page: string, blocks: Blocks, pictureFolder: string): string {
  const places = [...page.matchAll(/<!-- npm run docs:paper draws (.+) -->/g)].map(([, name]) => name!);
  const stray = [
    ...places.filter((name) => blocks[name] == null),
    ...Object.keys(blocks).filter((name) => !places.includes(name)),
  ];
  if (stray.length > 0) throw new Error(`blocks of the page and blocks drawn differ in: ${stray.join(', ')}`);
  return places.reduce((text, name) => withBlock(text, name, blocks[name]!, pictureFolder), page);
}

function withBlock(page: string, name: string, { text, pictures }: Block, pictureFolder: string): string {
  const [beginLine, endLine] = [`<!-- npm run docs:paper draws ${name} -->`, `<!-- end of ${name} -->`];
  const [begin, end] = [page.indexOf(beginLine), page.indexOf(endLine)];
  if (end < begin) throw new Error(`the page has no line ${endLine} after ${beginLine}`);
  const shown = [
    text === '' ? `${notRun[0]!.toUpperCase()}${notRun.slice(1)}.` : text,
    ...pictures.map((picture) => `![${picture.caption}](${pictureFolder}/${picture.name}.svg)`),
  ].join('\n\n');
  return `${page.slice(0, begin + beginLine.length)}\n\n${shown}\n\n${page.slice(end)}`;
}

/** What findings are called on the page. */
const claims: Readonly<Record<string, string>> = {
  nsgd: '5',
  sharpness: '1',
  edge: '–',
  decompose: '2, 3',
  escape: '4',
};

/** What a unit of the findings that look closer is. */
const units: Readonly<Record<CloseUpFinding, string>> = { decompose: 'points', escape: 'variants' };

/** What a run is called beside those with other nets and data. */
function titleOf(run: TrainingRun): string {
  const besidePaper = [
    ...(run.model === paperSetting.model ? [] : [run.model]),
    ...(run.data === paperSetting.data ? [] : [run.data]),
  ];
  return [...besidePaper, nameOf(run)].join(', ');
}

/** How far each run has come, and what looks closer at them. */
function progressTable({ runs, closeUps }: ScaleRecords): string {
  const hours = (seconds: number): string => (seconds / 3600).toFixed(2);
  return markdownTable(
    ['claim', 'run', 'done', 'of', 'processor hours'],
    [
      ...runs.map(({ run, points }) => [
        claims[run.finding]!,
        titleOf(run),
        points.length === 0 ? 'not begun' : `${epochsOf(points)} epochs`,
        isOver(run, points) ? 'all' : `${run.epochs} epochs`,
        points.length === 0 ? '–' : hours(points.at(-1)!.seconds),
      ]),
      ...closeUps.map(({ finding, path, results }) => {
        const all = unitsOf(finding, scalePlanOf(path.run), closeUpPlan, path.points).map(({ id }) => id);
        const done = results.filter(({ id }) => all.includes(id)).length;
        const isAll = isOver(path.run, path.points) && done === all.length;
        return [
          claims[finding]!,
          `along ${nameOf(path.run)}`,
          results.length === 0 ? 'not begun' : `${done} ${units[finding]}`,
          isAll ? 'all' : `4 ${units[finding]}`,
          results.length === 0 ? '–' : hours(results.reduce((sum, { seconds }) => sum + seconds, 0)),
        ];
      }),
    ],
  );
}
