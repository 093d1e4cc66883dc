import { subscript } from './history.js';
import type { LossSlice, MeasuredCurve, RunName } from './records.js';

/* What the charts show as text, for whoever does not see them. */

/** Losses along e₁. */
export function sectionInWords(curves: readonly MeasuredCurve[]): string {
  return eachRun(curves, ({ xs, ys }) => {
    const at = (x: number): string => short(ys[xs.indexOf(x)]!);
    const lowest = ys.indexOf(Math.min(...ys));
    return (
      `loss ${at(0)} where the weights are, ${at(-1)} and ${at(1)} one step to either side; ` +
      `lowest ${short(ys[lowest]!)} at ${short(xs[lowest]!)}`
    );
  });
}

/** Where the eigenvalues lie. */
export function densityInWords(curves: readonly MeasuredCurve[]): string {
  return eachRun(curves, ({ xs, ys }) => {
    const peak = xs[ys.indexOf(Math.max(...ys))]!;
    return `the spectrum spans ${short(xs[0]!)} to ${short(xs.at(-1)!)}, most of it near ${short(peak)}`;
  });
}

/** Losses over the plane of e₁ and e₂. */
export function sliceInWords(slices: readonly LossSlice[]): string {
  return eachRun(slices, ({ offsets, losses, eigenvalues, gradientStep }) => {
    const all = losses.flat();
    const place = (index: number): string =>
      `(${short(offsets[index % offsets.length]!)}, ${short(offsets[Math.floor(index / offsets.length)]!)})`;
    const lowest = all.indexOf(Math.min(...all));
    const highest = all.indexOf(Math.max(...all));
    return (
      `loss ${short(all[(all.length - 1) / 2]!)} in the middle, lowest ${short(all[lowest]!)} at ${place(lowest)}, ` +
      `highest ${short(all[highest]!)} at ${place(highest)}; λ${subscript(1)} ${short(eigenvalues[0]!)}, ` +
      `λ${subscript(2)} ${short(eigenvalues[1]!)}; a step of SGD leads to (${gradientStep.map((at) => at.toFixed(2)).join(', ')})`
    );
  });
}

function eachRun<T extends { readonly run: RunName; readonly step: number }>(
  measured: readonly T[],
  describe: (one: T) => string,
): string {
  return [
    `After ${steps(measured[0]?.step ?? 0)}:`,
    ...measured.map((one) => `${one.run}: ${describe(one)}.`),
  ].join('\n');
}

/** How many steps. */
export function steps(count: number): string {
  return count === 1 ? '1 step' : `${count} steps`;
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Three digits. */
export function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'not finite';
}
