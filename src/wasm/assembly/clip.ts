import { storeFew } from './internal/few';

/** y = min(max(x, low), high) for n floats; NaN stays NaN. */
export function clip(x: usize, y: usize, n: i32, low: f32, high: f32): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let i = 0; i < n; i += 4) {
    const v = v128.load(x);
    // As on cpu the upper bound counts first. The pseudo-minimum keeps its first operand where it is NaN.
    const below = f32x4.pmax(v, lows);
    storeFew(y, v128.bitselect(highs, below, f32x4.gt(v, highs)), n - i);
    x += 16;
    y += 16;
  }
}
