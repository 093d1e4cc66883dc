/** One direction (rows or columns) of a correlation: out[y] sums in[y · stride + r · dilation − pad] over r. */
export interface Axis {
  /** input size */
  readonly input: number;
  /** output size */
  readonly output: number;
  /** filter taps */
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  /** zeros in front; negative when the first window starts inside the input */
  readonly pad: number;
}

/** True when no window of this direction leaves the input. */
export function staysInside(axis: Axis): boolean {
  const last = (axis.output - 1) * axis.stride + (axis.taps - 1) * axis.dilation - axis.pad;
  return axis.pad <= 0 && last < axis.input;
}

/** Cells of input that `outputs` adjacent outputs of this direction cover. */
export function extent(axis: Axis, outputs: number): number {
  return (outputs - 1) * axis.stride + (axis.taps - 1) * axis.dilation + 1;
}

/**
 * One residue class of the input of a strided correlation, for its input gradient. Inputs at `first`, `first` + stride, …
 * (`axis.output` of them) get a gradient that is itself a correlation over the output gradient, with stride 1 and
 * every `step`-th tap, from `lastTap` down.
 */
export interface Phase {
  readonly first: number;
  readonly lastTap: number;
  readonly step: number;
  readonly axis: Axis;
}

/**
 * Splits the input gradient of one direction by the residue of the input position modulo the stride: input x gets
 * sum over r of dy[(x + pad − r · dilation) / stride] w[r], and only taps r that make the quotient whole count.
 * A phase without taps (its gradient is zero) has `axis.taps` 0.
 */
export function inputGradientPhases(forward: Axis): Phase[] {
  const phases: Phase[] = [];
  const { stride, dilation, pad, taps } = forward;
  for (let first = 0; first < Math.min(stride, forward.input); first++) {
    const whole: number[] = [];
    for (let r = taps - 1; r >= 0; r--) if ((first + pad - r * dilation) % stride === 0) whole.push(r);
    const lastTap = whole[0] ?? 0;
    const step = whole.length > 1 ? lastTap - (whole[1] ?? 0) : 1;
    phases.push({
      first,
      lastTap,
      step,
      axis: {
        input: forward.output,
        output: Math.ceil((forward.input - first) / stride),
        taps: whole.length,
        stride: 1,
        dilation: whole.length > 1 ? (step * dilation) / stride : 1,
        pad: whole.length > 0 ? -(first + pad - lastTap * dilation) / stride : 0,
      },
    });
  }
  return phases;
}
