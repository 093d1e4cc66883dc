import { fma } from './internal/fma';
import { exponent, mantissaLessOne, power } from './internal/exponential';
import { storeFew } from './internal/few';

/** e⁻ᶻ for a larger z is no normal float32 number. */
const UNDERFLOW: f32 = 87.3;

/** y = height · σ′(steepness · x) for n floats, with σ′(z) = e⁻|z| / (1 + e⁻|z|)², which keeps its digits in the tails. */
export function logisticSlope(x: usize, y: usize, n: i32, steepness: f32, height: f32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(y, slope4(v128.load(x), steepness, height));
    x += 16;
    y += 16;
  }
  if (i < n) storeFew(y, slope4(v128.load(x), steepness, height), n - i);
}

/** NaN passes through; beyond the range the slope is 0. */
@inline
function slope4(x: v128, steepness: f32, height: f32): v128 {
  const size = f32x4.abs(f32x4.mul(x, f32x4.splat(steepness)));
  const z = f32x4.neg(f32x4.pmin(size, f32x4.splat(UNDERFLOW)));
  const shifted = exponent(z);
  const scale = power(shifted);
  const e = fma(scale, mantissaLessOne(z, shifted), scale);
  const below = f32x4.add(e, f32x4.splat(1));
  const slope = f32x4.div(f32x4.mul(e, f32x4.splat(height)), f32x4.mul(below, below));
  return v128.andnot(slope, f32x4.gt(size, f32x4.splat(UNDERFLOW)));
}
