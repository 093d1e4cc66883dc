import { fma } from './internal/fma';
import { laneSum } from './internal/lane-sum';
import { addWeightedRows, weightedSum } from './internal/weighted-rows';

// Products with `count` rows of `len` floats, `stride` bytes apart, of which a call sees some columns only.

/**
 * Floats of x, or of the sum, that stay in the second-level cache while as many of each row go by: few rows at a time, each far
 * enough in one go for the processor to fetch ahead. Ten rows from memory so come at 27 GB/s; a cache line of each in turn, at 14.
 */
const BLOCK: i32 = 32768;
/** Terms summed in float32 before the partial sum goes to double precision. */
const CHUNK: i32 = 1024;

/** y[r] += sum over i of row r[i] x[i]. Rows are read from memory once. */
export function addRowDots(matrix: usize, stride: usize, count: i32, len: i32, x: usize, y: usize): void {
  for (let i = 0; i < len; i += BLOCK) {
    const at = (<usize>i) << 2;
    const n = min(BLOCK, len - i);
    for (let r = 0; r < count; r += 2) addTwoDots(matrix + at, stride, r, count, n, x + at, y);
  }
}

/** The products of one or two rows. Two sums for each, so that no addition waits for the one before. */
function addTwoDots(matrix: usize, stride: usize, r: i32, count: i32, len: i32, x: usize, y: usize): void {
  const a0 = matrix + <usize>r * stride;
  const a1 = matrix + <usize>min(r + 1, count - 1) * stride;
  let t0: f64 = 0;
  let t1: f64 = 0;
  const whole = (<usize>(len & ~7)) << 2;
  let i: usize = 0;
  while (i < whole) {
    const stop = min(whole, i + ((<usize>CHUNK) << 2));
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let u0 = s0;
    let u1 = s0;
    for (; i < stop; i += 32) {
      const v = v128.load(x + i);
      const w = v128.load(x + i, 16);
      s0 = fma(v128.load(a0 + i), v, s0);
      u0 = fma(v128.load(a0 + i, 16), w, u0);
      s1 = fma(v128.load(a1 + i), v, s1);
      u1 = fma(v128.load(a1 + i, 16), w, u1);
    }
    t0 += laneSum(s0) + laneSum(u0);
    t1 += laneSum(s1) + laneSum(u1);
  }
  for (const end = (<usize>len) << 2; i < end; i += 4) {
    const v = <f64>load<f32>(x + i);
    t0 += <f64>load<f32>(a0 + i) * v;
    t1 += <f64>load<f32>(a1 + i) * v;
  }
  const d = y + ((<usize>r) << 2);
  store<f32>(d, load<f32>(d) + <f32>t0);
  if (r + 1 < count) store<f32>(d, load<f32>(d, 4) + <f32>t1, 4);
}

/**
 * out[i] = a x[i] + b y[i] + scale · sum over r of weights[r] row r[i]; a y of 0 is none. The first two terms are rounded one
 * by one, as separate products and a sum would be.
 */
export function combineWithRows(
  a: f32, x: usize, b: f32, y: usize, scale: f32, weights: usize, matrix: usize, stride: usize, count: i32,
  len: i32, out: usize,
): void {
  for (let i = 0; i < len; i += BLOCK) {
    const at = (<usize>i) << 2;
    const n = min(BLOCK, len - i);
    weightedSum(a, x + at, b, y == 0 ? 0 : y + at, n, out + at);
    addWeightedRows(matrix, stride, count, at, n, weights, scale, out + at, 1, out + at);
  }
}
