/** log2(e), and ln 2 in two parts so that n · ln 2 is exact for the n that occur. */
const LOG2E: f32 = 1.44269504;
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
/** Beyond this tanh rounds to ±1 in float32. */
const SATURATED: f32 = 9.2;
/** Below this e²ˣ − 1 loses digits, so a polynomial takes over. */
const SMALL: f32 = 0.625;

/** y = tanh(x) for n floats: x + x³ Q(x²) below 0.625 in magnitude, 1 − 2 / (e²ˣ + 1) above. Error up to 2 roundings. */
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

function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  // Q by interpolation of (tanh(x) / x − 1) / x² in z = x² at Chebyshev nodes of [0, 0.625²].
  let q = f32x4.splat(0.00229581381);
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-0.00834695101));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(0.0217699494));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-0.0539594039));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(0.133333043));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-0.333333332));
  const near = f32x4.add(x, f32x4.mul(x, f32x4.mul(z, q)));
  // min keeps NaN of its first argument, so NaN passes through.
  const e = exp4(f32x4.mul(f32x4.min(size, f32x4.splat(SATURATED)), f32x4.splat(2)));
  const one = f32x4.splat(1);
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(e, one)));
  const value = v128.bitselect(near, far, f32x4.lt(size, f32x4.splat(SMALL)));
  return v128.or(value, v128.and(x, f32x4.splat(-0.0)));
}

/** eˣ for 0 ≤ x < 88: eʳ by a polynomial for |r| ≤ ln 2 / 2, times 2ⁿ. */
@inline
function exp4(x: v128): v128 {
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2E)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  // By interpolation of (eʳ − 1 − r) / r² at Chebyshev nodes.
  let p = f32x4.splat(0.00139336515);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.00836318012));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.0416664649));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.16666577));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.500000001));
  const y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, scale);
}
