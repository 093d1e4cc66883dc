import { depthwiseWindow } from './internal/depthwise-window';
import { storeFew } from './internal/few';
import { fma } from './internal/fma';

/**
 * A batch of depthwise correlations, `mult` outputs to each of c input channels:
 *
 *     y[b, v, u, i] = sum over r, s of x[b, v sh + r dh − top, u sw + s dw − left, i / mult] w[r, s, i]
 *
 * Windows are read from `scratch`, which holds a padded image in output channels; with `inside` from x itself. Loads go up to
 * 12 bytes beyond the last channel: see `few.ts`.
 */
export function depthwise(
  x: usize, h: i32, w: i32, c: i32, mult: i32, top: i32, left: i32, inside: bool, filter: usize, y: usize,
  oh: i32, ow: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, batch: i32, scratch: usize,
): void {
  const cell = <usize>(c * mult) << 2;
  const width = (ow - 1) * sw + (kw - 1) * dw + 1;
  const pitch = cell * (inside ? w : width);
  const step = cell * sw;
  const tap = cell * dw;
  const row = pitch * dh;
  for (let b = 0; b < batch; b++) {
    const window = depthwiseWindow(x, h, w, c, mult, top, left, inside, (oh - 1) * sh + (kh - 1) * dh + 1, width, scratch);
    for (let v = 0; v < oh; v++) {
      const from = window + <usize>(v * sh) * pitch;
      if (ow < 4) {
        for (let u = 0; u < ow; u++) {
          onePlace(from + <usize>u * step, filter, y + <usize>u * cell, c * mult, kh, kw, cell, tap, row);
        }
      } else {
        for (let u = 0; u < ow; u += 4) {
          // The last four may begin among places that are done.
          const at = <usize>min(u, ow - 4);
          fourPlaces(from + at * step, filter, y + at * cell, c * mult, kh, kw, cell, step, tap, row);
        }
      }
      y += cell * ow;
    }
    x += <usize>(h * w * c) << 2;
  }
}

/** Four places at a time share every load of the filter. */
@inline
function fourPlaces(x: usize, filter: usize, y: usize, q: i32, kh: i32, kw: i32, cell: usize, step: usize, tap: usize, row: usize): void {
  let i = 0;
  for (; i + 8 <= q; i += 8) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let f = filter;
    for (let r = 0; r < kh; r++) {
      let p = x + <usize>r * row;
      for (let s = 0; s < kw; s++) {
        const w0 = v128.load(f);
        const w1 = v128.load(f, 16);
        a0 = fma(v128.load(p), w0, a0);
        b0 = fma(v128.load(p, 16), w1, b0);
        const p1 = p + step;
        a1 = fma(v128.load(p1), w0, a1);
        b1 = fma(v128.load(p1, 16), w1, b1);
        const p2 = p1 + step;
        a2 = fma(v128.load(p2), w0, a2);
        b2 = fma(v128.load(p2, 16), w1, b2);
        const p3 = p2 + step;
        a3 = fma(v128.load(p3), w0, a3);
        b3 = fma(v128.load(p3, 16), w1, b3);
        p += tap;
        f += cell;
      }
    }
    v128.store(y, a0);
    v128.store(y, b0, 16);
    v128.store(y + cell, a1);
    v128.store(y + cell, b1, 16);
    v128.store(y + 2 * cell, a2);
    v128.store(y + 2 * cell, b2, 16);
    v128.store(y + 3 * cell, a3);
    v128.store(y + 3 * cell, b3, 16);
    x += 32;
    y += 32;
    filter += 32;
  }
  for (; i < q; i += 4) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let f = filter;
    for (let r = 0; r < kh; r++) {
      let p = x + <usize>r * row;
      for (let s = 0; s < kw; s++) {
        const w = v128.load(f);
        a0 = fma(v128.load(p), w, a0);
        a1 = fma(v128.load(p + step), w, a1);
        a2 = fma(v128.load(p + 2 * step), w, a2);
        a3 = fma(v128.load(p + 3 * step), w, a3);
        p += tap;
        f += cell;
      }
    }
    storeFew(y, a0, q - i);
    storeFew(y + cell, a1, q - i);
    storeFew(y + 2 * cell, a2, q - i);
    storeFew(y + 3 * cell, a3, q - i);
    x += 16;
    y += 16;
    filter += 16;
  }
}

@inline
function onePlace(x: usize, filter: usize, y: usize, q: i32, kh: i32, kw: i32, cell: usize, tap: usize, row: usize): void {
  for (let i = 0; i < q; i += 4) {
    let a = f32x4.splat(0);
    let f = filter;
    for (let r = 0; r < kh; r++) {
      let p = x + <usize>r * row;
      for (let s = 0; s < kw; s++) {
        a = fma(v128.load(p), v128.load(f), a);
        p += tap;
        f += cell;
      }
    }
    storeFew(y, a, q - i);
    x += 16;
    y += 16;
    filter += 16;
  }
}
