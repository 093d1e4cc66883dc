import { fma } from './fma';

/** `C += …` instead of `C = …`. */
export const ACCUMULATE: i32 = 1;

/**
 * Rows of C that one call of {@link tile} computes: twelve or ten accumulators, two B vectors and one A vector are what V8 keeps
 * in the fifteen registers it has. Without a fused multiply-add each product needs a register as well. Measured: 6 × 8
 * with FMA is an eighth faster than 4 × 8, and half as fast without; 5 × 8 is the best there.
 */
// @ts-ignore: decorator
@inline
export const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

/**
 * The micro-kernel under every matrix product and convolution: up to {@link ROWS} rows of C, all its columns.
 *
 *     C[i, j] (+)= sum over k of A[i, k] B[k, j]
 *
 * B is packed in panels of 8 columns, `[panel][k][8]`, 16-byte aligned, the last panel filled up with zeros. A is
 * read where it lies: row i starts at `ai`, and k walks `n1` × `n2` × `n` places that are `s1`, `s2` and `step`
 * bytes apart. That one pattern is a plain row, a transposed matrix and the receptive field of a convolution.
 * Pointers of rows beyond `rows` have to be readable like row 0; nothing is written outside `rows` × `cols`.
 */
export function tile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  a4: usize,
  a5: usize,
  n1: i32,
  s1: usize,
  n2: i32,
  s2: usize,
  n: i32,
  step: usize,
  b: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  c4: usize,
  c5: usize,
  rows: i32,
  cols: i32,
  flags: i32,
): void {
  const zero = f32x4.splat(0);
  for (let left = cols; left > 0; left -= 8) {
    let x0 = zero;
    let y0 = zero;
    let x1 = zero;
    let y1 = zero;
    let x2 = zero;
    let y2 = zero;
    let x3 = zero;
    let y3 = zero;
    let x4 = zero;
    let y4 = zero;
    let x5 = zero;
    let y5 = zero;
    let o1: usize = 0;
    for (let i1 = 0; i1 < n1; i1++) {
      let o2 = o1;
      for (let i2 = 0; i2 < n2; i2++) {
        let p0 = a0 + o2;
        let p1 = a1 + o2;
        let p2 = a2 + o2;
        let p3 = a3 + o2;
        let p4 = a4 + o2;
        let p5 = a5 + o2;
        const end = b + (<usize>n << 5);
        while (b < end) {
          const b0 = v128.load(b);
          const b1 = v128.load(b, 16);
          let a = v128.load32_splat(p0);
          x0 = fma(a, b0, x0);
          y0 = fma(a, b1, y0);
          p0 += step;
          a = v128.load32_splat(p1);
          x1 = fma(a, b0, x1);
          y1 = fma(a, b1, y1);
          p1 += step;
          a = v128.load32_splat(p2);
          x2 = fma(a, b0, x2);
          y2 = fma(a, b1, y2);
          p2 += step;
          a = v128.load32_splat(p3);
          x3 = fma(a, b0, x3);
          y3 = fma(a, b1, y3);
          p3 += step;
          a = v128.load32_splat(p4);
          x4 = fma(a, b0, x4);
          y4 = fma(a, b1, y4);
          p4 += step;
          if (ROWS > 5) {
            a = v128.load32_splat(p5);
            x5 = fma(a, b0, x5);
            y5 = fma(a, b1, y5);
            p5 += step;
          }
          b += 32;
        }
        o2 += s2;
      }
      o1 += s1;
    }
    store8(c0, x0, y0, left, flags);
    if (rows > 1) store8(c1, x1, y1, left, flags);
    if (rows > 2) store8(c2, x2, y2, left, flags);
    if (rows > 3) store8(c3, x3, y3, left, flags);
    if (rows > 4) store8(c4, x4, y4, left, flags);
    if (ROWS > 5 && rows > 5) store8(c5, x5, y5, left, flags);
    c0 += 32;
    c1 += 32;
    c2 += 32;
    c3 += 32;
    c4 += 32;
    c5 += 32;
  }
}

/**
 * {@link tile} on rows that lie `aRow` and `cRow` bytes apart: a block of a matrix, or with `aRow` 4 and a longer
 * `step` of its transpose.
 */
// @ts-ignore: decorator
@inline
export function tileRows(
  a: usize,
  aRow: usize,
  n1: i32,
  s1: usize,
  n: i32,
  step: usize,
  b: usize,
  c: usize,
  cRow: usize,
  rows: i32,
  cols: i32,
  flags: i32,
): void {
  const a1 = rows > 1 ? a + aRow : a;
  const a2 = rows > 2 ? a1 + aRow : a;
  const a3 = rows > 3 ? a2 + aRow : a;
  const a4 = rows > 4 ? a3 + aRow : a;
  const a5 = rows > 5 ? a4 + aRow : a;
  const c1 = c + cRow,
    c2 = c1 + cRow,
    c3 = c2 + cRow,
    c4 = c3 + cRow,
    c5 = c4 + cRow;
  tile(a, a1, a2, a3, a4, a5, n1, s1, 1, 0, n, step, b, c, c1, c2, c3, c4, c5, rows, cols, flags);
}

/** Writes the first `left` floats of (x, y), at most 8. */
// @ts-ignore: decorator
@inline
function store8(c: usize, x: v128, y: v128, left: i32, flags: i32): void {
  if (left >= 8) {
    if (flags & ACCUMULATE) {
      x = f32x4.add(x, v128.load(c));
      y = f32x4.add(y, v128.load(c, 16));
    }
    v128.store(c, x);
    v128.store(c, y, 16);
  } else {
    storePart(c, x, y, left, flags);
  }
}

/** Writes the first `left` < 8 floats of (x, y). */
function storePart(c: usize, x: v128, y: v128, left: i32, flags: i32): void {
  if (left >= 4) {
    if (flags & ACCUMULATE) x = f32x4.add(x, v128.load(c));
    v128.store(c, x);
    x = y;
    c += 16;
    left -= 4;
  }
  if (left > 0) storeLane(c, f32x4.extract_lane(x, 0), flags);
  if (left > 1) storeLane(c + 4, f32x4.extract_lane(x, 1), flags);
  if (left > 2) storeLane(c + 8, f32x4.extract_lane(x, 2), flags);
}

// @ts-ignore: decorator
@inline
function storeLane(c: usize, v: f32, flags: i32): void {
  store<f32>(c, flags & ACCUMULATE ? load<f32>(c) + v : v);
}

/** {@link ROWS} of this build, so that callers can cut their blocks into whole tiles. */
export function tileRowCount(): i32 {
  return ROWS;
}
