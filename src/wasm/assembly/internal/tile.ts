import { fma } from './fma';

/** `C += …` instead of `C = …`. */
export const ACCUMULATE: i32 = 1;

/**
 * The micro-kernel under every matrix product and convolution: up to 4 rows of C, all its columns.
 *
 *     C[i, j] (+)= sum over k of A[i, k] B[k, j]
 *
 * B lies in panels of 8 columns, `bPanel` bytes apart, rows of a panel `bStep`: packed as `[panel][k][8]` (`bStep` 32),
 * 16-byte aligned, the last panel filled up with zeros, or a matrix of whole panels where it lies. A is
 * read where it lies: row i starts at `ai`, and k walks `n1` × `n2` × `n` places that are `s1`, `s2` and `step`
 * bytes apart. That one pattern is a plain row, a transposed matrix and the receptive field of a convolution.
 *
 * 4 × 8 because eight accumulators, two B vectors and one A vector are what V8 keeps in registers without
 * spilling; wider tiles were measured and are slower. Nothing is written outside `rows` × `cols`.
 */
export function tile(
  a0: usize, a1: usize, a2: usize, a3: usize, n1: i32, s1: usize, n2: i32, s2: usize, n: i32, step: usize,
  b: usize, bStep: usize, bPanel: usize,
  c0: usize, c1: usize, c2: usize, c3: usize, rows: i32, cols: i32, flags: i32,
): void {
  if (cols <= 4) {
    narrowTile(a0, a1, a2, a3, n1, s1, n2, s2, n, step, b, bStep, c0, c1, c2, c3, rows, cols, flags);
    return;
  }
  const zero = f32x4.splat(0);
  for (let left = cols; left > 0; left -= 8) {
    const panel = b;
    let x0 = zero;
    let x1 = zero;
    let x2 = zero;
    let x3 = zero;
    let y0 = zero;
    let y1 = zero;
    let y2 = zero;
    let y3 = zero;
    let o1: usize = 0;
    for (let i1 = 0; i1 < n1; i1++) {
      let o2 = o1;
      for (let i2 = 0; i2 < n2; i2++) {
        let p0 = a0 + o2;
        let p1 = a1 + o2;
        let p2 = a2 + o2;
        let p3 = a3 + o2;
        const end = b + <usize>n * bStep;
        while (b < end) {
          const b0 = v128.load(b);
          const b1 = v128.load(b, 16);
          let a = v128.load32_splat(p0);
          x0 = fma(a, b0, x0);
          y0 = fma(a, b1, y0);
          a = v128.load32_splat(p1);
          x1 = fma(a, b0, x1);
          y1 = fma(a, b1, y1);
          a = v128.load32_splat(p2);
          x2 = fma(a, b0, x2);
          y2 = fma(a, b1, y2);
          a = v128.load32_splat(p3);
          x3 = fma(a, b0, x3);
          y3 = fma(a, b1, y3);
          p0 += step;
          p1 += step;
          p2 += step;
          p3 += step;
          b += bStep;
        }
        o2 += s2;
      }
      o1 += s1;
    }
    if (left >= 8) {
      if (flags & ACCUMULATE) {
        x0 = f32x4.add(x0, v128.load(c0));
        y0 = f32x4.add(y0, v128.load(c0, 16));
        if (rows > 1) {
          x1 = f32x4.add(x1, v128.load(c1));
          y1 = f32x4.add(y1, v128.load(c1, 16));
        }
        if (rows > 2) {
          x2 = f32x4.add(x2, v128.load(c2));
          y2 = f32x4.add(y2, v128.load(c2, 16));
        }
        if (rows > 3) {
          x3 = f32x4.add(x3, v128.load(c3));
          y3 = f32x4.add(y3, v128.load(c3, 16));
        }
      }
      v128.store(c0, x0);
      v128.store(c0, y0, 16);
      if (rows > 1) {
        v128.store(c1, x1);
        v128.store(c1, y1, 16);
      }
      if (rows > 2) {
        v128.store(c2, x2);
        v128.store(c2, y2, 16);
      }
      if (rows > 3) {
        v128.store(c3, x3);
        v128.store(c3, y3, 16);
      }
    } else {
      storePart(c0, x0, y0, left, flags);
      if (rows > 1) storePart(c1, x1, y1, left, flags);
      if (rows > 2) storePart(c2, x2, y2, left, flags);
      if (rows > 3) storePart(c3, x3, y3, left, flags);
    }
    c0 += 32;
    c1 += 32;
    c2 += 32;
    c3 += 32;
    b = panel + bPanel;
  }
}

/** {@link tile} for at most 4 columns, an image's own channels for instance: half of the panel is zeros. */
function narrowTile(
  a0: usize, a1: usize, a2: usize, a3: usize, n1: i32, s1: usize, n2: i32, s2: usize, n: i32, step: usize,
  b: usize, bStep: usize,
  c0: usize, c1: usize, c2: usize, c3: usize, rows: i32, cols: i32, flags: i32,
): void {
  const zero = f32x4.splat(0);
  let x0 = zero;
  let x1 = zero;
  let x2 = zero;
  let x3 = zero;
  for (let i1 = 0; i1 < n1; i1++) {
    for (let i2 = 0; i2 < n2; i2++) {
      const o = <usize>i1 * s1 + <usize>i2 * s2;
      let p0 = a0 + o;
      let p1 = a1 + o;
      let p2 = a2 + o;
      let p3 = a3 + o;
      const end = b + <usize>n * bStep;
      while (b < end) {
        const b0 = v128.load(b);
        x0 = fma(v128.load32_splat(p0), b0, x0);
        x1 = fma(v128.load32_splat(p1), b0, x1);
        x2 = fma(v128.load32_splat(p2), b0, x2);
        x3 = fma(v128.load32_splat(p3), b0, x3);
        p0 += step;
        p1 += step;
        p2 += step;
        p3 += step;
        b += bStep;
      }
    }
  }
  storePart(c0, x0, zero, cols, flags);
  if (rows > 1) storePart(c1, x1, zero, cols, flags);
  if (rows > 2) storePart(c2, x2, zero, cols, flags);
  if (rows > 3) storePart(c3, x3, zero, cols, flags);
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

@inline
function storeLane(c: usize, v: f32, flags: i32): void {
  store<f32>(c, flags & ACCUMULATE ? load<f32>(c) + v : v);
}
