import { storeFew } from './internal/few';

/** y = max(x, 0) for n floats; NaN stays NaN. */
export function relu(x: usize, y: usize, n: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    v128.store(y, relu4(v128.load(x), zero));
    v128.store(y, relu4(v128.load(x, 16), zero), 16);
    v128.store(y, relu4(v128.load(x, 32), zero), 32);
    v128.store(y, relu4(v128.load(x, 48), zero), 48);
    x += 64;
    y += 64;
  }
  for (; i < n; i += 4) {
    storeFew(y, relu4(v128.load(x), zero), n - i);
    x += 16;
    y += 16;
  }
}

/** The instruction for the larger of two, which has to tell zeros and NaN apart, is made of eight. */
@inline
function relu4(v: v128, zero: v128): v128 {
  return v128.andnot(v, f32x4.le(v, zero));
}

/** y = 1 where x > 0, else `alpha`, for n floats; NaN stays NaN. */
export function step(x: usize, y: usize, n: i32, alpha: f32): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const other = f32x4.splat(alpha);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    v128.store(y, step4(v128.load(x), zero, one, other));
    v128.store(y, step4(v128.load(x, 16), zero, one, other), 16);
    x += 32;
    y += 32;
  }
  for (; i < n; i += 4) {
    storeFew(y, step4(v128.load(x), zero, one, other), n - i);
    x += 16;
    y += 16;
  }
}

/** Where a number is not equal to itself, all bits are set, which is a NaN. */
@inline
function step4(v: v128, zero: v128, one: v128, other: v128): v128 {
  return v128.or(v128.bitselect(one, other, f32x4.gt(v, zero)), f32x4.ne(v, v));
}
