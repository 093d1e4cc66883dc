import { storeFew } from './internal/few';

/** y = max(x, 0) for n floats; NaN stays NaN. */
export function relu(x: usize, y: usize, n: i32): void {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    v128.store(y, relu4(v128.load(x)));
    v128.store(y, relu4(v128.load(x, 16)), 16);
    v128.store(y, relu4(v128.load(x, 32)), 32);
    v128.store(y, relu4(v128.load(x, 48)), 48);
    x += 64;
    y += 64;
  }
  for (; i < n; i += 4) {
    storeFew(y, relu4(v128.load(x)), n - i);
    x += 16;
    y += 16;
  }
}

/** The instruction for the larger of two, which has to tell zeros and NaN apart, is made of eight. */
@inline
function relu4(v: v128): v128 {
  return v128.andnot(v, f32x4.le(v, f32x4.splat(0)));
}

/** y = 1 where x > 0, else `alpha`, for n floats; NaN stays NaN. */
export function step(x: usize, y: usize, n: i32, alpha: f32): void {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    v128.store(y, step4(v128.load(x), alpha));
    v128.store(y, step4(v128.load(x, 16), alpha), 16);
    v128.store(y, step4(v128.load(x, 32), alpha), 32);
    v128.store(y, step4(v128.load(x, 48), alpha), 48);
    x += 64;
    y += 64;
  }
  for (; i < n; i += 4) {
    storeFew(y, step4(v128.load(x), alpha), n - i);
    x += 16;
    y += 16;
  }
}

/** Where a number is not equal to itself, all bits are set, which is a NaN. */
@inline
function step4(v: v128, alpha: f32): v128 {
  const side = v128.bitselect(f32x4.splat(1), f32x4.splat(alpha), f32x4.gt(v, f32x4.splat(0)));
  return v128.or(side, f32x4.ne(v, v));
}
