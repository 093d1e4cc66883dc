import { fma } from './fma';

const LOG2E: f32 = 1.44269504;
/** ln 2 in two parts, so that n · ln 2 is exact for the n that occur. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** Added to a number below 2²² it leaves the nearest whole number in the low bits. */
const ROUND: f32 = 12582912;
/** Twice the size beyond which tanh rounds to ±1 in float32. */
const SATURATED: f32 = 18.4;

/** y = tanh(x) for n floats. Error up to 2.4 units in the last place; not monotone within them. */
export function tanh(x: usize, y: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(y, tanh4(v128.load(x)));
    x += 16;
    y += 16;
  }
  for (; i < n; i++) {
    store<f32>(y, f32x4.extract_lane(tanh4(v128.load32_splat(x)), 0));
    x += 4;
    y += 4;
  }
}

/**
 * m / (m + 2) with m = e²ˣ − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1), which loses no digits where x is small: n is 0 there. eʳ − 1 is a
 * polynomial for |r| ≤ ln 2 / 2. The sign comes back last; NaN passes through.
 */
@inline
function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = f32x4.pmin(f32x4.add(size, size), f32x4.splat(SATURATED));
  const shifted = fma(z, f32x4.splat(LOG2E), f32x4.splat(ROUND));
  const n = f32x4.sub(shifted, f32x4.splat(ROUND));
  let r = fma(n, f32x4.splat(-LN2_HIGH), z);
  r = fma(n, f32x4.splat(-LN2_LOW), r);
  // By interpolation of (eʳ − 1 − r) / r² at Chebyshev nodes.
  let p = fma(r, f32x4.splat(0.00139336515), f32x4.splat(0.00836318012));
  p = fma(p, r, f32x4.splat(0.0416664649));
  p = fma(p, r, f32x4.splat(0.16666577));
  p = fma(p, r, f32x4.splat(0.500000001));
  p = fma(f32x4.mul(r, r), p, r);
  const scale = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23));
  const m = fma(scale, p, f32x4.sub(scale, f32x4.splat(1)));
  const value = f32x4.div(m, f32x4.add(m, f32x4.splat(2)));
  return v128.or(value, v128.and(x, f32x4.splat(-0.0)));
}
