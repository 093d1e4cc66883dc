import { fma } from './fma';

/** Channels summed at a time: their planes' lines for one block of places, and their weights, stay in a first-level cache. */
const DEPTH: i32 = 32;

/**
 * out[i, p] = sum over r, s, k of planes[k, p + r row + s col] B[r, s, k, i] for `places` adjacent places p and i below
 * `co` <= 4; `row`, `col` and `plane` in bytes, B as [r, s, k][4]. Writes up to 23 places more.
 */
export function narrowBlocks(
  planes: usize, plane: usize, c: i32, kh: i32, row: usize, kw: i32, col: usize, b: usize, out: usize, outPlane: usize,
  co: i32, places: i32,
): void {
  const tap = (<usize>c) << 4;
  const step = co == 1 ? 24 : co == 2 ? 16 : co == 3 && ASC_FEATURE_RELAXED_SIMD ? 12 : 8;
  const bytes = (<usize>step) << 2;
  for (let k = 0; k < c; k += DEPTH) {
    const depth = min(DEPTH, c - k);
    const weights = b + ((<usize>k) << 4);
    let from = planes + <usize>k * plane;
    let to = out;
    for (let p = 0; p < places; p += step) {
      if (co == 1) one(from, plane, depth, kh, row, kw, col, weights, tap, to, k > 0);
      else if (co == 2) two(from, plane, depth, kh, row, kw, col, weights, tap, to, outPlane, k > 0);
      else if (co == 3) three(from, plane, depth, kh, row, kw, col, weights, tap, to, outPlane, k > 0);
      else four(from, plane, depth, kh, row, kw, col, weights, tap, to, outPlane, k > 0);
      from += bytes;
      to += bytes;
    }
  }
}

/** One channel of 24 places. */
function one(
  planes: usize, plane: usize, depth: i32, kh: i32, row: usize, kw: i32, col: usize, b: usize, tap: usize, out: usize,
  add: bool,
): void {
  let x0 = start(out, 0, add);
  let x1 = start(out, 16, add);
  let x2 = start(out, 32, add);
  let x3 = start(out, 48, add);
  let x4 = start(out, 64, add);
  let x5 = start(out, 80, add);
  for (let r = 0; r < kh; r++) {
    let from = planes;
    for (let s = 0; s < kw; s++) {
      let p = from;
      let a = b;
      const end = b + ((<usize>depth) << 4);
      while (a < end) {
        const w = v128.load32_splat(a);
        x0 = fma(w, v128.load(p), x0);
        x1 = fma(w, v128.load(p, 16), x1);
        x2 = fma(w, v128.load(p, 32), x2);
        x3 = fma(w, v128.load(p, 48), x3);
        x4 = fma(w, v128.load(p, 64), x4);
        x5 = fma(w, v128.load(p, 80), x5);
        p += plane;
        a += 16;
      }
      from += col;
      b += tap;
    }
    planes += row;
  }
  v128.store(out, x0);
  v128.store(out, x1, 16);
  v128.store(out, x2, 32);
  v128.store(out, x3, 48);
  v128.store(out, x4, 64);
  v128.store(out, x5, 80);
}

/** Two channels of 16 places. */
function two(
  planes: usize, plane: usize, depth: i32, kh: i32, row: usize, kw: i32, col: usize, b: usize, tap: usize, out: usize,
  outPlane: usize, add: bool,
): void {
  const out1 = out + outPlane;
  let x0 = start(out, 0, add);
  let x1 = start(out, 16, add);
  let x2 = start(out, 32, add);
  let x3 = start(out, 48, add);
  let y0 = start(out1, 0, add);
  let y1 = start(out1, 16, add);
  let y2 = start(out1, 32, add);
  let y3 = start(out1, 48, add);
  for (let r = 0; r < kh; r++) {
    let from = planes;
    for (let s = 0; s < kw; s++) {
      let p = from;
      let a = b;
      const end = b + ((<usize>depth) << 4);
      while (a < end) {
        const v0 = v128.load(p);
        const v1 = v128.load(p, 16);
        const v2 = v128.load(p, 32);
        const v3 = v128.load(p, 48);
        let t = v128.load32_splat(a);
        x0 = fma(t, v0, x0);
        x1 = fma(t, v1, x1);
        x2 = fma(t, v2, x2);
        x3 = fma(t, v3, x3);
        t = v128.load32_splat(a, 4);
        y0 = fma(t, v0, y0);
        y1 = fma(t, v1, y1);
        y2 = fma(t, v2, y2);
        y3 = fma(t, v3, y3);
        p += plane;
        a += 16;
      }
      from += col;
      b += tap;
    }
    planes += row;
  }
  v128.store(out, x0);
  v128.store(out, x1, 16);
  v128.store(out, x2, 32);
  v128.store(out, x3, 48);
  v128.store(out1, y0);
  v128.store(out1, y1, 16);
  v128.store(out1, y2, 32);
  v128.store(out1, y3, 48);
}

/**
 * Three channels of 12 places: nine sums, which V8 keeps in registers beside three vectors of input as long as a product
 * and its sum are one instruction; without that the third vector is left out, which makes 8 places.
 */
function three(
  planes: usize, plane: usize, depth: i32, kh: i32, row: usize, kw: i32, col: usize, b: usize, tap: usize, out: usize,
  outPlane: usize, add: bool,
): void {
  const out1 = out + outPlane;
  const out2 = out1 + outPlane;
  let x0 = start(out, 0, add);
  let x1 = start(out, 16, add);
  let x2 = start(out, 32, add && ASC_FEATURE_RELAXED_SIMD);
  let y0 = start(out1, 0, add);
  let y1 = start(out1, 16, add);
  let y2 = start(out1, 32, add && ASC_FEATURE_RELAXED_SIMD);
  let z0 = start(out2, 0, add);
  let z1 = start(out2, 16, add);
  let z2 = start(out2, 32, add && ASC_FEATURE_RELAXED_SIMD);
  for (let r = 0; r < kh; r++) {
    let from = planes;
    for (let s = 0; s < kw; s++) {
      let p = from;
      let a = b;
      const end = b + ((<usize>depth) << 4);
      while (a < end) {
        const v0 = v128.load(p);
        const v1 = v128.load(p, 16);
        const v2 = ASC_FEATURE_RELAXED_SIMD ? v128.load(p, 32) : v1;
        let t = v128.load32_splat(a);
        x0 = fma(t, v0, x0);
        x1 = fma(t, v1, x1);
        if (ASC_FEATURE_RELAXED_SIMD) x2 = fma(t, v2, x2);
        t = v128.load32_splat(a, 4);
        y0 = fma(t, v0, y0);
        y1 = fma(t, v1, y1);
        if (ASC_FEATURE_RELAXED_SIMD) y2 = fma(t, v2, y2);
        t = v128.load32_splat(a, 8);
        z0 = fma(t, v0, z0);
        z1 = fma(t, v1, z1);
        if (ASC_FEATURE_RELAXED_SIMD) z2 = fma(t, v2, z2);
        p += plane;
        a += 16;
      }
      from += col;
      b += tap;
    }
    planes += row;
  }
  v128.store(out, x0);
  v128.store(out, x1, 16);
  if (ASC_FEATURE_RELAXED_SIMD) v128.store(out, x2, 32);
  v128.store(out1, y0);
  v128.store(out1, y1, 16);
  if (ASC_FEATURE_RELAXED_SIMD) v128.store(out1, y2, 32);
  v128.store(out2, z0);
  v128.store(out2, z1, 16);
  if (ASC_FEATURE_RELAXED_SIMD) v128.store(out2, z2, 32);
}

/** Four channels of 8 places. */
function four(
  planes: usize, plane: usize, depth: i32, kh: i32, row: usize, kw: i32, col: usize, b: usize, tap: usize, out: usize,
  outPlane: usize, add: bool,
): void {
  const out1 = out + outPlane;
  const out2 = out1 + outPlane;
  const out3 = out2 + outPlane;
  let x0 = start(out, 0, add);
  let x1 = start(out, 16, add);
  let y0 = start(out1, 0, add);
  let y1 = start(out1, 16, add);
  let z0 = start(out2, 0, add);
  let z1 = start(out2, 16, add);
  let w0 = start(out3, 0, add);
  let w1 = start(out3, 16, add);
  for (let r = 0; r < kh; r++) {
    let from = planes;
    for (let s = 0; s < kw; s++) {
      let p = from;
      let a = b;
      const end = b + ((<usize>depth) << 4);
      while (a < end) {
        const v0 = v128.load(p);
        const v1 = v128.load(p, 16);
        let t = v128.load32_splat(a);
        x0 = fma(t, v0, x0);
        x1 = fma(t, v1, x1);
        t = v128.load32_splat(a, 4);
        y0 = fma(t, v0, y0);
        y1 = fma(t, v1, y1);
        t = v128.load32_splat(a, 8);
        z0 = fma(t, v0, z0);
        z1 = fma(t, v1, z1);
        t = v128.load32_splat(a, 12);
        w0 = fma(t, v0, w0);
        w1 = fma(t, v1, w1);
        p += plane;
        a += 16;
      }
      from += col;
      b += tap;
    }
    planes += row;
  }
  v128.store(out, x0);
  v128.store(out, x1, 16);
  v128.store(out1, y0);
  v128.store(out1, y1, 16);
  v128.store(out2, z0);
  v128.store(out2, z1, 16);
  v128.store(out3, w0);
  v128.store(out3, w1, 16);
}

/** What a sum starts from. */
@inline
function start(out: usize, offset: usize, add: bool): v128 {
  return add ? v128.load(out + offset) : f32x4.splat(0);
}
