import { alignmentChart, stepDecompositionChart } from '../../../src/plot/index.js';
import type { Picture } from '../finding.js';
import { groupBy, markdownTable, withSpread } from '../table.js';
import type { RecordedCloseUps } from './all-records.js';
import type { Block } from './block.js';
import type { StepsApart } from './close-up.js';
import type { PathPoint } from './path-points.js';
import { pathPoints } from './path-points.js';
import type { RecordedRun } from './record-file.js';
import { nameOf } from './training-run.js';

/** The steps of SGD taken apart at a point of a path. */
export interface PointApart {
  readonly path: RecordedRun;
  readonly name: PathPoint['name'];
  readonly epoch: number;
  readonly measured: StepsApart;
}

/** What was measured at the points that a path has now: its peak may have moved on since. */
export function pointsApart(closeUps: readonly RecordedCloseUps[]): readonly PointApart[] {
  return closeUps
    .filter(({ finding, path }) => finding === 'decompose' && path.points.length > 0)
    .flatMap(({ path, results }) =>
      pathPoints(path.points).flatMap(({ name, epoch }) => {
        const found = results.find((result) => result.epoch === epoch);
        return found == null ? [] : [{ path, name, epoch, measured: found.result as StepsApart }];
      }),
    );
}

/** Claims 2 and 3: what parts of the step do, and how far gradients align, along paths of SGD. */
export function decompositionBlock(closeUps: readonly RecordedCloseUps[]): Block {
  const points = pointsApart(closeUps);
  if (points.length === 0) return { text: '', pictures: [] };
  const byName = [...groupBy(points, ({ name }) => name)];
  return {
    text: [
      'Where was measured:',
      pointTable(points),
      'Claim 2, the change of the loss in percent by a step along one direction:',
      effectTable(byName),
      'Claim 3, mean |cos| of minibatch gradients with a direction, over √(2/(πn)), which a random direction gets:',
      alignmentTable(byName),
    ].join('\n\n'),
    pictures: byName
      .filter(([name]) => name === 'beginning' || name === 'peak')
      .flatMap(([, [point]]) => picturesOf(point!)),
  };
}

function pointTable(points: readonly PointApart[]): string {
  return markdownTable(
    ['path', 'point', 'epoch', 'λ₁', 'λ₅', '2/η', 'training loss'],
    points.map(({ path, name, epoch, measured }) => [
      nameOf(path.run),
      name,
      String(epoch),
      withSpread([measured.eigenvalues[0]!]),
      withSpread([measured.eigenvalues.at(-1)!]),
      String(2 / path.run.learningRate),
      withSpread([measured.decomposition.lossBefore]),
    ]),
  );
}

type Named = readonly (readonly [string, readonly PointApart[]])[];

function effectTable(byName: Named): string {
  const records = byName.flatMap(([name, points]) =>
    points.flatMap(({ measured }) => measured.decomposition.records.map((record) => ({ name, ...record }))),
  );
  const alphas = [...new Set(records.map(({ alpha }) => alpha))];
  const rows = [...groupBy(records, ({ name, direction }) => `${name}, ${direction}`)];
  return markdownTable(
    ['point, direction', ...alphas.map((alpha) => `α = ${alpha}`)],
    rows.map(([name, group]) => [
      name,
      ...alphas.map((alpha) =>
        withSpread(group.filter((record) => record.alpha === alpha).map(({ lossChange }) => lossChange)),
      ),
    ]),
  );
}

/** How many times further minibatch gradients point along a direction than along a random one. */
export function alignmentFactor({ measured }: PointApart, direction: string): number {
  const { records, expectedRandomBaseline } = measured.alignment;
  const entry = records.find((record) => record.direction === direction && record.gradient === 'minibatch')!;
  return entry.meanAbsCosine / expectedRandomBaseline;
}

function alignmentTable(byName: Named): string {
  const { records } = byName[0]![1][0]!.measured.alignment;
  const directions = [
    ...new Set(records.filter(({ gradient }) => gradient === 'minibatch').map(({ direction }) => direction)),
  ];
  return markdownTable(
    ['point', ...directions],
    byName.map(([name, points]) => [
      name,
      ...directions.map((direction) => withSpread(points.map((point) => alignmentFactor(point, direction)))),
    ]),
  );
}

function picturesOf({ path, name, epoch, measured }: PointApart): readonly Picture[] {
  const { run } = path;
  const where = `${name} (epoch ${epoch}) of η = ${run.learningRate}, S = ${run.batchSize}, seed ${run.seed}`;
  const { records, randomBaseline } = measured.alignment;
  return [
    {
      name: `scale-step-decomposition-${name}`,
      caption: `What a step along each direction does to the loss, ${where}`,
      spec: stepDecompositionChart(measured.decomposition.records, {
        subtitle: `SimpleCNN on CIFAR-10, ${where}`,
      }),
    },
    ...(name === 'peak'
      ? [
          {
            name: 'scale-alignment',
            caption: `Alignment with the sharpest directions, ${where}`,
            spec: alignmentChart(
              records.filter(({ direction }) => direction.startsWith('e')),
              { randomBaseline, subtitle: `SimpleCNN on CIFAR-10, ${where}` },
            ),
          },
        ]
      : []),
  ];
}
