import { fma } from './internal/fma';
import { laneSum } from './internal/lane-sum';
import { addWeightedRows, rowAt } from './internal/weighted-rows';

// Products with rows of `len` floats, `stride` bytes apart; a stride of 0 means that `rows` is a list of their addresses.

/** Terms summed in float32 before the partial sum goes to double precision. */
const CHUNK: i32 = 1024;
/** Floats of the result that {@link combineRows} keeps in the second-level cache while it reads as many of each row. */
const BLOCK: i32 = 16384;

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
      t0 += laneSum(s0);
      t1 += laneSum(s1);
      t2 += laneSum(s2);
      t3 += laneSum(s3);
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

/**
 * y[j, i] = baseScale · base[j, i] + scale · sum over r of weights[j, r] row r[i] for j below m and the `n` columns i from `first`
 * on, of `len`; a base of 0 is none. Block by
 * block of columns, so that the rows are read from memory once for all j.
 */
export function combineRows(
  rows: usize, stride: usize, count: i32, len: i32, first: i32, n: i32, weights: usize, m: i32, scale: f32, base: usize,
  baseScale: f32, y: usize,
): void {
  const end = first + n;
  for (let i0 = first; i0 < end; i0 += BLOCK) {
    const wide = min(BLOCK, end - i0);
    const at = (<usize>i0) << 2;
    for (let j = 0; j < m; j++) {
      const to = (<usize>j * <usize>len) << 2;
      const d = y + to + at;
      if (base == 0) memory.fill(d, 0, (<usize>wide) << 2);
      const from = base == 0 ? d : base + to + at;
      const w = weights + ((<usize>j * <usize>count) << 2);
      addWeightedRows(rows, stride, count, at, wide, w, scale, from, baseScale, d);
    }
  }
}
