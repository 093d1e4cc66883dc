import { fma } from './fma';

// Rows lie `stride` bytes apart; a stride of 0 means that `rows` is a list of their addresses.

@inline
export function rowAt(rows: usize, stride: usize, r: i32): usize {
  return stride == 0 ? <usize>load<u32>(rows + ((<usize>r) << 2)) : rows + <usize>r * stride;
}

/**
 * d[i] = baseScale · base[i] + scale · sum over r of weights[r] row r[i], for n columns that begin `at` bytes into each row; n
 * small enough for d to stay in a cache. d may be the base, and has to be where there are no rows. Four rows at a time: so many
 * lie side by side in the first-level cache even where they are a power of two apart.
 */
export function addWeightedRows(
  rows: usize, stride: usize, count: i32, at: usize, n: i32, weights: usize, scale: f32, base: usize, baseScale: f32,
  d: usize,
): void {
  let r = 0;
  for (; r + 1 < count; r += 4) {
    addFour(rows, stride, r, count, at, n, weights, scale, r == 0 ? base : d, r == 0 ? baseScale : 1, d);
  }
  if (r < count) {
    const weight = scale * load<f32>(weights + ((<usize>r) << 2));
    addOne(rowAt(rows, stride, r) + at, n, weight, r == 0 ? base : d, r == 0 ? baseScale : 1, d);
  }
}

function addFour(
  rows: usize, stride: usize, r: i32, count: i32, at: usize, n: i32, weights: usize, scale: f32, base: usize,
  baseScale: f32, d: usize,
): void {
  const last = count - 1;
  const s0 = rowAt(rows, stride, r) + at;
  const s1 = rowAt(rows, stride, min(r + 1, last)) + at;
  const s2 = rowAt(rows, stride, min(r + 2, last)) + at;
  const s3 = rowAt(rows, stride, min(r + 3, last)) + at;
  const w = weights + ((<usize>r) << 2);
  const c0 = scale * load<f32>(w);
  const c1 = scale * load<f32>(w, 4);
  const c2: f32 = r + 2 > last ? 0 : scale * load<f32>(w, 8);
  const c3: f32 = r + 3 > last ? 0 : scale * load<f32>(w, 12);
  const x0 = f32x4.splat(c0);
  const x1 = f32x4.splat(c1);
  const x2 = f32x4.splat(c2);
  const x3 = f32x4.splat(c3);
  const xb = f32x4.splat(baseScale);
  const end = (<usize>n) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    let v = fma(v128.load(s0 + i), x0, f32x4.mul(v128.load(base + i), xb));
    v = fma(v128.load(s1 + i), x1, v);
    v = fma(v128.load(s2 + i), x2, v);
    v128.store(d + i, fma(v128.load(s3 + i), x3, v));
  }
  for (; i < end; i += 4) {
    let v = load<f32>(base + i) * baseScale + load<f32>(s0 + i) * c0;
    v += load<f32>(s1 + i) * c1;
    v += load<f32>(s2 + i) * c2;
    store<f32>(d + i, v + load<f32>(s3 + i) * c3);
  }
}

function addOne(s: usize, n: i32, c: f32, base: usize, baseScale: f32, d: usize): void {
  const x = f32x4.splat(c);
  const xb = f32x4.splat(baseScale);
  const end = (<usize>n) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    v128.store(d + i, fma(v128.load(s + i), x, f32x4.mul(v128.load(base + i), xb)));
  }
  for (; i < end; i += 4) store<f32>(d + i, load<f32>(base + i) * baseScale + load<f32>(s + i) * c);
}

/** out = a x + b y, products and sum each rounded, as separate ops would; a y of 0 is none. */
export function weightedSum(a: f32, x: usize, b: f32, y: usize, len: i32, out: usize): void {
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  const end = (<usize>len) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    const product = f32x4.mul(va, v128.load(x + i));
    v128.store(out + i, y == 0 ? product : f32x4.add(product, f32x4.mul(vb, v128.load(y + i))));
  }
  for (; i < end; i += 4) {
    const product = a * load<f32>(x + i);
    store<f32>(out + i, y == 0 ? product : product + b * load<f32>(y + i));
  }
}
