import { requireArgument } from '../errors.js';
import { rangeOf } from './log-axis.js';
import type { SpecPart } from './chart.js';
import type { LossSurfaceRecord } from './records.js';
import { isDrawable, requireRecord, requireRecords } from './require-records.js';

/** A surface ready to be drawn. */
export interface DrawableSurface {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** Heights by row: log₁₀ of the loss where that tells more, and what overflowed at the highest. */
  readonly heights: readonly (readonly number[])[];
  readonly points: readonly { readonly x: number; readonly y: number; readonly height: number }[];
  /** Lowest and highest of the heights. */
  readonly range: readonly [low: number, high: number];
  /** How many losses overflowed. */
  readonly omitted: number;
  /** What the axes and the colours stand for. */
  readonly titles: { readonly x: string; readonly y: string; readonly height: string };
  /** Vega's expression for the label of a height. */
  readonly labelExpr: string;
}

/** From this factor between highest and lowest loss on heights are logarithms. */
const WORTH_A_LOG = 20;

/** Checks a surface, and chooses its scale and words. */
export function drawable(surface: LossSurfaceRecord, where: string): DrawableSurface {
  const fields = { xs: 'numbers', ys: 'numbers', losses: 'records', eigenvalues: 'numbers?' } as const;
  requireRecord(surface, fields, where);
  const { xs, ys, losses, points = [], eigenvalues } = surface;
  requireRecords(points, { x: 'number', y: 'number', loss: 'number' }, where);
  const fits = losses.length === ys.length && losses.every((row) => row?.length === xs.length);
  const expected = `a row of ${xs.length} losses for each of the ${ys.length} ys`;
  requireArgument(xs.length > 1 && ys.length > 1 && fits, where, expected, losses);
  const all = losses.flatMap((row) => Array.from(row));
  const finite = all.filter(isDrawable);
  requireArgument(finite.length > 0, where, 'at least one finite loss', 'nothing to draw');
  const [low, high] = rangeOf(finite);
  const isLog = low > 0 && high > WORTH_A_LOG * low;
  const heightOf = (loss: number): number => {
    const shown = isDrawable(loss) ? Math.min(Math.max(loss, low), high) : high;
    return isLog ? Math.log10(shown) : shown;
  };
  const axis = (i: number): string => {
    const lambda = eigenvalues?.[i];
    if (lambda == null) return `${['first', 'second'][i]} direction`;
    return `along e${'₁₂'[i]}, λ${'₁₂'[i]} = ${lambda.toPrecision(3)}`;
  };
  return {
    xs: Array.from(xs),
    ys: Array.from(ys),
    heights: Array.from(losses, (row) => Array.from(row, heightOf)),
    points: points.map(({ x, y, loss }) => ({ x, y, height: heightOf(loss) })),
    range: [heightOf(low), heightOf(high)],
    omitted: all.length - finite.length,
    titles: { x: axis(0), y: axis(1), height: 'training loss' },
    labelExpr: isLog ? "format(pow(10, datum.value), '.2~g')" : "format(datum.value, '.3~g')",
  };
}

/** The colour scale of heights, and its legend, as parts of a Vega specification. */
export function heightColours({ range, titles, labelExpr }: DrawableSurface): SpecPart {
  // A flat surface has no range of its own.
  const [low, high] = range[1] > range[0] ? range : [range[0], range[0] + 1];
  return {
    scales: [{ name: 'height', type: 'linear', domain: [low, high], range: { scheme: 'viridis' } }],
    legends: [
      {
        fill: 'height',
        type: 'gradient',
        title: titles.height,
        orient: 'right',
        encode: { labels: { update: { text: { signal: labelExpr } } } },
      },
    ],
  };
}
