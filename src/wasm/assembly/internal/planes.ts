import { fma } from './fma';

/**
 * Sixteen matrix products in a row, the middle of Winograd's convolution: for each plane
 *
 *     C[i, j] (+)= sum over k of A[i, k] B[k, j],
 *
 * A in rows `aRow` and steps of k `aStep` bytes apart, B in panels [panel][k][8], C in rows of `cRow` bytes. `rows` is a
 * multiple of 4 and `cols` of 8, so there are no edges: sums are short here (k is the number of channels), and what a
 * general tile spends on its edges would be a third of it.
 */
export function multiplyPlanes(
  a: usize, aPlane: usize, aRow: usize, aStep: usize, k: i32, b: usize, bPlane: usize, c: usize, cPlane: usize,
  cRow: usize, rows: i32, cols: i32, accumulate: bool,
): void {
  const panel = (<usize>k) << 5;
  for (let plane = 0; plane < 16; plane++) {
    let from = b;
    let to = c;
    for (let j = 0; j < cols; j += 8) {
      multiplyPanel(a, aRow, aStep, from, from + panel, to, cRow, rows, accumulate);
      from += panel;
      to += 32;
    }
    a += aPlane;
    b += bPlane;
    c += cPlane;
  }
}

/** All rows of A times one panel of B. */
function multiplyPanel(
  a: usize, aRow: usize, aStep: usize, b: usize, end: usize, c: usize, cRow: usize, rows: i32, accumulate: bool,
): void {
  const zero = f32x4.splat(0);
  for (let i = 0; i < rows; i += 4) {
    let p0 = a;
    let p1 = p0 + aRow;
    let p2 = p1 + aRow;
    let p3 = p2 + aRow;
    a = p3 + aRow;
    let x0 = zero;
    let x1 = zero;
    let x2 = zero;
    let x3 = zero;
    let y0 = zero;
    let y1 = zero;
    let y2 = zero;
    let y3 = zero;
    for (let q = b; q < end; q += 32) {
      const b0 = v128.load(q);
      const b1 = v128.load(q, 16);
      let s = v128.load32_splat(p0);
      x0 = fma(s, b0, x0);
      y0 = fma(s, b1, y0);
      s = v128.load32_splat(p1);
      x1 = fma(s, b0, x1);
      y1 = fma(s, b1, y1);
      s = v128.load32_splat(p2);
      x2 = fma(s, b0, x2);
      y2 = fma(s, b1, y2);
      s = v128.load32_splat(p3);
      x3 = fma(s, b0, x3);
      y3 = fma(s, b1, y3);
      p0 += aStep;
      p1 += aStep;
      p2 += aStep;
      p3 += aStep;
    }
    store8(c, x0, y0, accumulate);
    c += cRow;
    store8(c, x1, y1, accumulate);
    c += cRow;
    store8(c, x2, y2, accumulate);
    c += cRow;
    store8(c, x3, y3, accumulate);
    c += cRow;
  }
}

@inline
function store8(c: usize, x: v128, y: v128, accumulate: bool): void {
  if (accumulate) {
    x = f32x4.add(x, v128.load(c));
    y = f32x4.add(y, v128.load(c, 16));
  }
  v128.store(c, x);
  v128.store(c, y, 16);
}
