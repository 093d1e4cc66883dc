import type { SpecPart } from './chart.js';

/** Scale and axis of a quantity, as parts of its encoding. */
export interface QuantityAxis {
  readonly scale: SpecPart;
  readonly axis: SpecPart;
}

// Under this factor between the ends a logarithmic axis shows nothing that a linear one does not, with fewer ticks.
const WORTH_A_LOG = 4;

// Room left under the lowest and over the highest value, as a factor.
const MARGIN = 1.15;

/** A logarithmic axis for values that are positive and far apart, a linear one for others. */
export function lossAxis(values: readonly number[]): QuantityAxis {
  const [low, high] = rangeOf(values);
  if (low <= 0 || high < WORTH_A_LOG * low) {
    return { scale: { type: 'linear', zero: false, nice: true }, axis: { tickCount: 6 } };
  }
  return logAxis(low / MARGIN, high * MARGIN);
}

/**
 * A logarithmic axis from `low` to `high`, with ticks at powers of ten, or at 1, 2 and 5 of each where they are few.
 * Vega's own ticks are nine lines a decade.
 */
export function logAxis(low: number, high: number): QuantityAxis {
  const values = ticks(low, high);
  const format = values.some((tick) => tick < 1e-3 || tick >= 1e5) ? '~e' : '~g';
  return {
    scale: { type: 'log', domain: [low, high], nice: false },
    axis: { values, labelExpr: `format(datum.value, '${format}')` },
  };
}

function ticks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const mantissas = decades < 3 ? [1, 2, 5] : [1];
  const every = Math.ceil(decades / 8);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const exponents = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return exponents
    .filter((exponent) => exponent % every === 0)
    .flatMap((exponent) => mantissas.map((mantissa) => Number(`${mantissa}e${exponent}`)))
    .filter((tick) => tick >= low && tick <= high);
}

/** Lowest and highest of the values. */
export function rangeOf(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}
