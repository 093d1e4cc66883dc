import { requireArgument } from '../errors.js';
import { readOptions } from '../options.js';
import type { ChartOptions, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf, withOmissions } from './chart.js';
import { distinctNames, seriesEncoding } from './line-panel.js';
import { lossAxis } from './log-axis.js';
import type { CrossSectionRecord } from './records.js';
import { isDrawable, requireRecords } from './require-records.js';

// Offsets go out in powers of two, so the axis is logarithmic on both sides, and linear within a quarter step.
const LINEAR_WITHIN = 0.25;

/**
 * The loss along lines through the present parameters, one per direction; on a logarithmic axis where the loss is
 * positive and spans more than a few times its lowest value.
 *
 * @param sections the records of `lossCrossSection`
 * @param options see {@link ChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError for a section with offsets and losses of different lengths, or nothing finite
 *
 * @example
 * const { records } = await lossCrossSection({ model, data: { xs, ys } }, { learningRate: 0.1, k: 2 });
 * const svg = await toSvg(crossSectionChart(records));
 */
export function crossSectionChart(
  sections: readonly CrossSectionRecord[],
  options: ChartOptions = {},
): VegaLiteSpec {
  const where = 'crossSectionChart';
  const title = 'Loss along the sharpest directions';
  const frame = frameOf(readOptions(options, chartSchema(title, 640, 380), where));
  requireRecords(sections, { direction: 'text', offsets: 'numbers', losses: 'numbers' }, where);
  const directions = sections.map(({ direction }) => direction);
  const names = distinctNames(directions, where);
  const values = sections.flatMap(({ direction, offsets, losses }) => {
    requireArgument(
      offsets.length === losses.length,
      where,
      `a loss at each of the ${offsets.length} offsets along ${direction}`,
      losses.length,
    );
    return Array.from(offsets, (offset, i) => ({ series: direction, offset, loss: losses[i]! }));
  });
  const finite = values.filter(({ offset, loss }) => isDrawable(offset) && isDrawable(loss));
  requireRows(finite, where, 'at least one section with a finite loss');

  const reach = finite.reduce((most, { offset }) => Math.max(most, Math.abs(offset)), 0);
  const outward = [0.25, 1, 4, 16, 64].filter((tick) => tick <= reach);
  const ticks = [...outward.map((tick) => -tick), 0, ...outward];
  const x = {
    field: 'offset',
    type: 'quantitative',
    title: 'distance from the present parameters (step lengths)',
    scale: { type: 'symlog', constant: LINEAR_WITHIN, domain: [-reach, reach], nice: false },
    axis: {
      values: ticks,
      tickCount: ticks.length,
      labelExpr: "format(datum.value, '~g')",
      labelOverlap: false,
    },
  };
  return specOf(withOmissions(frame, values.length - finite.length), {
    width: frame.width,
    height: frame.height,
    layer: [
      {
        data: { values: [{}] },
        mark: { type: 'rule', color: frame.palette.subtle, strokeDash: [5, 4] },
        encoding: { x: { ...x, field: undefined, datum: 0 } },
      },
      {
        data: { values: finite },
        mark: { type: 'line', point: { size: 28 } },
        encoding: {
          x,
          y: {
            field: 'loss',
            type: 'quantitative',
            title: 'training loss',
            ...lossAxis(finite.map(({ loss }) => loss)),
          },
          ...seriesEncoding(names),
        },
      },
    ],
  });
}
