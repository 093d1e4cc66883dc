import { fma } from './internal/fma';

// Products with rows of `len` floats, `stride` bytes apart; a stride of 0 means that `rows` is a list of their addresses.

/** Terms summed in float32 before the partial sum goes to double precision. */
const CHUNK: i32 = 1024;
/** Floats of the result that {@link combineRows} keeps in the second-level cache while it reads as many of each row. */
const BLOCK: i32 = 16384;

@inline
function rowAt(rows: usize, stride: usize, r: i32): usize {
  return stride == 0 ? <usize>load<u32>(rows + ((<usize>r) << 2)) : rows + <usize>r * stride;
}

/**
 * y[r] = sum over i of row r[i] x[i], four rows at a time: x is read once for them. Chunks of 1024 terms are added up in
 * double precision.
 */
export function dotRows(rows: usize, stride: usize, count: i32, len: i32, x: usize, y: usize): void {
  for (let r = 0; r < count; r += 4) {
    const last = count - 1;
    const a0 = rowAt(rows, stride, r);
    const a1 = rowAt(rows, stride, min(r + 1, last));
    const a2 = rowAt(rows, stride, min(r + 2, last));
    const a3 = rowAt(rows, stride, min(r + 3, last));
    let t0: f64 = 0;
    let t1: f64 = 0;
    let t2: f64 = 0;
    let t3: f64 = 0;
    const whole = (<usize>(len & ~3)) << 2;
    let i: usize = 0;
    while (i < whole) {
      const stop = min(whole, i + ((<usize>CHUNK) << 2));
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (; i < stop; i += 16) {
        const v = v128.load(x + i);
        s0 = fma(v128.load(a0 + i), v, s0);
        s1 = fma(v128.load(a1 + i), v, s1);
        s2 = fma(v128.load(a2 + i), v, s2);
        s3 = fma(v128.load(a3 + i), v, s3);
      }
      t0 += sum(s0);
      t1 += sum(s1);
      t2 += sum(s2);
      t3 += sum(s3);
    }
    for (const end = (<usize>len) << 2; i < end; i += 4) {
      const v = <f64>load<f32>(x + i);
      t0 += <f64>load<f32>(a0 + i) * v;
      t1 += <f64>load<f32>(a1 + i) * v;
      t2 += <f64>load<f32>(a2 + i) * v;
      t3 += <f64>load<f32>(a3 + i) * v;
    }
    const d = y + ((<usize>r) << 2);
    store<f32>(d, <f32>t0);
    if (r + 1 < count) store<f32>(d, <f32>t1, 4);
    if (r + 2 < count) store<f32>(d, <f32>t2, 8);
    if (r + 3 < count) store<f32>(d, <f32>t3, 12);
  }
}

@inline
function sum(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) +
    <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  );
}

/**
 * y[j, i] = base[j, i] + scale · sum over r of weights[j, r] row r[i] for j below m and the `n` columns i from `first`
 * on, of `len`; a base of 0 is none. Block by
 * block of columns, so that the rows are read from memory once for all j.
 */
export function combineRows(
  rows: usize, stride: usize, count: i32, len: i32, first: i32, n: i32, weights: usize, m: i32, scale: f32, base: usize, y: usize,
): void {
  const end = first + n;
  for (let i0 = first; i0 < end; i0 += BLOCK) {
    const wide = min(BLOCK, end - i0);
    const at = (<usize>i0) << 2;
    for (let j = 0; j < m; j++) {
      const to = (<usize>j * <usize>len) << 2;
      const d = y + to + at;
      if (base == 0) memory.fill(d, 0, (<usize>wide) << 2);
      else memory.copy(d, base + to + at, (<usize>wide) << 2);
      const w = weights + ((<usize>j * <usize>count) << 2);
      let r = 0;
      for (; r + 4 <= count; r += 4) addFour(rows, stride, r, at, wide, w, scale, d);
      for (; r < count; r++) addOne(rowAt(rows, stride, r) + at, wide, scale * load<f32>(w + ((<usize>r) << 2)), d);
    }
  }
}

function addFour(rows: usize, stride: usize, r: i32, at: usize, n: i32, w: usize, scale: f32, d: usize): void {
  const s0 = rowAt(rows, stride, r) + at;
  const s1 = rowAt(rows, stride, r + 1) + at;
  const s2 = rowAt(rows, stride, r + 2) + at;
  const s3 = rowAt(rows, stride, r + 3) + at;
  w += (<usize>r) << 2;
  const c0 = scale * load<f32>(w);
  const c1 = scale * load<f32>(w, 4);
  const c2 = scale * load<f32>(w, 8);
  const c3 = scale * load<f32>(w, 12);
  const x0 = f32x4.splat(c0);
  const x1 = f32x4.splat(c1);
  const x2 = f32x4.splat(c2);
  const x3 = f32x4.splat(c3);
  const end = (<usize>n) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    let v = fma(v128.load(s0 + i), x0, v128.load(d + i));
    v = fma(v128.load(s1 + i), x1, v);
    v = fma(v128.load(s2 + i), x2, v);
    v128.store(d + i, fma(v128.load(s3 + i), x3, v));
  }
  for (; i < end; i += 4) {
    let v = load<f32>(d + i) + load<f32>(s0 + i) * c0;
    v += load<f32>(s1 + i) * c1;
    v += load<f32>(s2 + i) * c2;
    store<f32>(d + i, v + load<f32>(s3 + i) * c3);
  }
}

function addOne(s: usize, n: i32, c: f32, d: usize): void {
  const x = f32x4.splat(c);
  const end = (<usize>n) << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) v128.store(d + i, fma(v128.load(s + i), x, v128.load(d + i)));
  for (; i < end; i += 4) store<f32>(d + i, load<f32>(d + i) + load<f32>(s + i) * c);
}
