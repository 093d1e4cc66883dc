import { fma } from './internal/fma';

// Products with `count` rows of `len` floats, `stride` bytes apart, of which a call sees some columns only.

/** Floats of x that stay in the first-level cache while as many of each row go by. */
const BLOCK: i32 = 4096;
/** Terms summed in float32 before the partial sum goes to double precision. */
const CHUNK: i32 = 1024;

/** y[r] += sum over i of row r[i] x[i]. Rows and x are read from memory once. */
export function addRowDots(matrix: usize, stride: usize, count: i32, len: i32, x: usize, y: usize): void {
  for (let i = 0; i < len; i += BLOCK) {
    const at = (<usize>i) << 2;
    const n = min(BLOCK, len - i);
    for (let r = 0; r < count; r += 4) addFourDots(matrix + at, stride, r, count, n, x + at, y);
  }
}

/** The products of up to four rows. Two sums for each, so that no addition waits for the one before. */
function addFourDots(matrix: usize, stride: usize, r: i32, count: i32, len: i32, x: usize, y: usize): void {
  const last = count - 1;
  const a0 = matrix + <usize>r * stride;
  const a1 = matrix + <usize>min(r + 1, last) * stride;
  const a2 = matrix + <usize>min(r + 2, last) * stride;
  const a3 = matrix + <usize>min(r + 3, last) * stride;
  let t0: f64 = 0;
  let t1: f64 = 0;
  let t2: f64 = 0;
  let t3: f64 = 0;
  const whole = (<usize>(len & ~7)) << 2;
  let i: usize = 0;
  while (i < whole) {
    const stop = min(whole, i + ((<usize>CHUNK) << 2));
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let u0 = s0;
    let u1 = s0;
    let u2 = s0;
    let u3 = s0;
    for (; i < stop; i += 32) {
      const v = v128.load(x + i);
      s0 = fma(v128.load(a0 + i), v, s0);
      s1 = fma(v128.load(a1 + i), v, s1);
      s2 = fma(v128.load(a2 + i), v, s2);
      s3 = fma(v128.load(a3 + i), v, s3);
      const w = v128.load(x + i, 16);
      u0 = fma(v128.load(a0 + i, 16), w, u0);
      u1 = fma(v128.load(a1 + i, 16), w, u1);
      u2 = fma(v128.load(a2 + i, 16), w, u2);
      u3 = fma(v128.load(a3 + i, 16), w, u3);
    }
    t0 += sum(s0) + sum(u0);
    t1 += sum(s1) + sum(u1);
    t2 += sum(s2) + sum(u2);
    t3 += sum(s3) + sum(u3);
  }
  for (const end = (<usize>len) << 2; i < end; i += 4) {
    const v = <f64>load<f32>(x + i);
    t0 += <f64>load<f32>(a0 + i) * v;
    t1 += <f64>load<f32>(a1 + i) * v;
    t2 += <f64>load<f32>(a2 + i) * v;
    t3 += <f64>load<f32>(a3 + i) * v;
  }
  const d = y + ((<usize>r) << 2);
  store<f32>(d, load<f32>(d) + <f32>t0);
  if (r + 1 < count) store<f32>(d, load<f32>(d, 4) + <f32>t1, 4);
  if (r + 2 < count) store<f32>(d, load<f32>(d, 8) + <f32>t2, 8);
  if (r + 3 < count) store<f32>(d, load<f32>(d, 12) + <f32>t3, 12);
}

@inline
function sum(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) +
    <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  );
}

/** a x + b y, products and sum each rounded, as separate ops would; a y of 0 is none. */
@inline
function four(a: v128, x: usize, b: v128, y: usize, i: usize): v128 {
  const product = f32x4.mul(a, v128.load(x + i));
  return y == 0 ? product : f32x4.add(product, f32x4.mul(b, v128.load(y + i)));
}

/**
 * out[i] = a x[i] + b y[i] + scale · sum over r of weights[r] row r[i]; a y of 0 is none. The first two terms are rounded one
 * by one, as separate products and a sum would be.
 */
export function combineWithRows(
  a: f32, x: usize, b: f32, y: usize, scale: f32, weights: usize, matrix: usize, stride: usize, count: i32,
  len: i32, out: usize,
): void {
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  const vs = f32x4.splat(scale);
  const end = (<usize>len) << 2;
  let i: usize = 0;
  for (; i + 64 <= end; i += 64) {
    let v0 = four(va, x, vb, y, i);
    let v1 = four(va, x, vb, y, i + 16);
    let v2 = four(va, x, vb, y, i + 32);
    let v3 = four(va, x, vb, y, i + 48);
    let row = matrix + i;
    for (let r = 0; r < count; r++) {
      const c = f32x4.mul(vs, v128.load32_splat(weights + ((<usize>r) << 2)));
      v0 = fma(v128.load(row), c, v0);
      v1 = fma(v128.load(row, 16), c, v1);
      v2 = fma(v128.load(row, 32), c, v2);
      v3 = fma(v128.load(row, 48), c, v3);
      row += stride;
    }
    v128.store(out + i, v0);
    v128.store(out + i, v1, 16);
    v128.store(out + i, v2, 32);
    v128.store(out + i, v3, 48);
  }
  for (; i < end; i += 4) {
    let value = a * load<f32>(x + i);
    if (y != 0) value += b * load<f32>(y + i);
    let row = matrix + i;
    for (let r = 0; r < count; r++) {
      value += scale * load<f32>(weights + ((<usize>r) << 2)) * load<f32>(row);
      row += stride;
    }
    store<f32>(out + i, value);
  }
}
