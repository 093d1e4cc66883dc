import { sharpnessChart } from '../../../src/plot/index.js';
import { markdownTable, withSpread } from '../table.js';
import type { Block } from './block.js';
import { begun } from './block.js';
import { peakIndex } from './path-points.js';
import type { RecordedRun } from './record-file.js';
import type { Setting } from './setting.js';
import { paperSetting, runsOfSetting } from './setting.js';
import { nameOf, noiseOf } from './training-run.js';

/** Claim 1: sharpness along the paths of SGD, those of claim 5 among them. */
export function sharpnessBlock(all: readonly RecordedRun[], setting: Setting): Block {
  const paths = begun(pathsOf(all, setting));
  if (paths.length === 0) return { text: '', pictures: [] };
  return {
    text: pathTable(paths),
    pictures: [
      {
        name: `${setting.id}-sharpness`,
        caption: `Sharpness along SGD ${setting.where}, with 2/η`,
        spec: sharpnessChart(
          paths.map((path) => ({
            name: pathName(path),
            learningRate: path.run.learningRate,
            records: path.points.map(({ step, eigenvalues }) => ({ step, sharpness: eigenvalues[0]! })),
          })),
          { subtitle: setting.subtitle, axes: 'log' },
        ),
      },
    ],
  };
}

/** The paths of SGD with a net and its data. */
export function pathsOf(all: readonly RecordedRun[], setting: Setting): readonly RecordedRun[] {
  return runsOfSetting(all, setting).filter(({ run }) => run.directions === 'none');
}

/** How much the sample matters: λ₁ on the larger one beside that on the smaller, where both were measured. */
export function sampleBlock(all: readonly RecordedRun[]): Block {
  const rows = begun(runsOfSetting(all, paperSetting)).flatMap(({ run, points }) =>
    points
      .filter(({ checkSharpness }) => checkSharpness != null)
      .map(({ epoch, eigenvalues, checkSharpness }) => [
        nameOf(run),
        String(epoch),
        withSpread([eigenvalues[0]!]),
        withSpread([checkSharpness!]),
      ]),
  );
  if (rows.length === 0) return { text: '', pictures: [] };
  return { text: markdownTable(['run', 'epoch', 'λ₁ of 512', 'λ₁ of 2 250'], rows), pictures: [] };
}

/** A path by its noise; two runs may have the same, one of them of claim 5. */
function pathName({ run }: RecordedRun): string {
  return `${noiseOf(run)}, seed ${run.seed}${run.finding === 'nsgd' ? ' (claim 5)' : ''}`;
}

function pathTable(paths: readonly RecordedRun[]): string {
  return markdownTable(
    [
      'path',
      'epochs',
      'λ₁ at the beginning',
      'highest λ₁',
      'at epoch',
      'last λ₁',
      '2/η',
      'training loss',
      'training accuracy',
    ],
    paths.map((path) => {
      const { run, points } = path;
      const [first, last] = [points[0]!, points.at(-1)!];
      const highest = points[peakIndex(points)]!;
      return [
        pathName(path),
        String(last.epoch),
        ...[first, highest].map(({ eigenvalues }) => withSpread([eigenvalues[0]!])),
        String(highest.epoch),
        withSpread([last.eigenvalues[0]!]),
        String(Number((2 / run.learningRate).toPrecision(3))),
        withSpread([last.loss]),
        withSpread([points.flatMap(({ trainAccuracy }) => trainAccuracy ?? []).at(-1)!]),
      ];
    }),
  );
}
