import { fma } from './internal/fma';
import { exponent, mantissaLessOne, power } from './internal/exponential';
import { storeFew } from './internal/few';

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
  if (i < n) storeFew(y, tanh4(v128.load(x)), n - i);
}

/**
 * m / (m + 2) with m = e²ˣ − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1), which loses no digits where x is small: n is 0 there. The sign
 * comes back last; NaN passes through.
 */
@inline
function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = f32x4.pmin(f32x4.add(size, size), f32x4.splat(SATURATED));
  const shifted = exponent(z);
  const p = mantissaLessOne(z, shifted);
  const scale = power(shifted);
  const m = fma(scale, p, f32x4.sub(scale, f32x4.splat(1)));
  const value = f32x4.div(m, f32x4.add(m, f32x4.splat(2)));
  return v128.or(value, v128.and(x, f32x4.splat(-0.0)));
}
