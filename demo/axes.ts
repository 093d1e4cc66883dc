/* Axes that fit what is drawn: from its least value to its largest and a little more, with round numbers at the ticks. */

/** Room left above and below, as a share of what the values span. */
const margin = 0.06;

/** The ends of an axis for values from `least` to `most`; null where there are none. */
export function fittedRange(least: number | null, most: number | null, isLog: boolean): [number, number] {
  if (least == null || most == null) return isLog ? [0.1, 1] : [0, 1];
  if (isLog) {
    const factor = Math.max((most / least) ** margin, 1.05);
    return [least / factor, most * factor];
  }
  const room = most > least ? margin * (most - least) : Math.max(Math.abs(most) * 0.1, 0.1);
  return [least - room, most + room];
}

/** Which multiples of the powers of ten are ticks, where an axis spans more powers than a number. */
const densities: [number, number[]][] = [
  [2.5, [1]],
  [0.8, [1, 2, 5]],
  [0.4, [1, 1.5, 2, 3, 5, 7]],
  [0, [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]],
];

/** Ticks of a logarithmic axis: powers of ten, with their double and fivefold where the axis spans few of them. */
export function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const span = Math.log10(high / low);
  const [, factors] = densities.find(([least]) => span > least)!;
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}
