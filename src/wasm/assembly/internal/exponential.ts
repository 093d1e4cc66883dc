import { fma } from './fma';

const LOG2E: f32 = 1.44269504;
/** ln 2 in two parts, so that n · ln 2 is exact for the n that occur. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** Added to a number below 2²² it leaves the nearest whole number in the low bits. */
const ROUND: f32 = 12582912;

/** The n of eᶻ = 2ⁿ eʳ with |r| ≤ ln 2 / 2, in the low bits of a float. */
@inline
export function exponent(z: v128): v128 {
  return fma(z, f32x4.splat(LOG2E), f32x4.splat(ROUND));
}

/** eʳ − 1 of eᶻ = 2ⁿ eʳ. */
@inline
export function mantissaLessOne(z: v128, exponent: v128): v128 {
  const n = f32x4.sub(exponent, f32x4.splat(ROUND));
  let r = fma(n, f32x4.splat(-LN2_HIGH), z);
  r = fma(n, f32x4.splat(-LN2_LOW), r);
  // By interpolation of (eʳ − 1 − r) / r² at Chebyshev nodes.
  let p = fma(r, f32x4.splat(0.00139336515), f32x4.splat(0.00836318012));
  p = fma(p, r, f32x4.splat(0.0416664649));
  p = fma(p, r, f32x4.splat(0.16666577));
  p = fma(p, r, f32x4.splat(0.500000001));
  return fma(f32x4.mul(r, r), p, r);
}

/** 2ⁿ, for n from −126 to 127. */
@inline
export function power(exponent: v128): v128 {
  return i32x4.add(i32x4.shl(exponent, 23), i32x4.splat(127 << 23));
}
