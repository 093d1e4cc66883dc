import { storeFew } from './few';

// The first maximum of a window of n1 × n2 × n3 cells, s1, s2 and s3 bytes apart, in each of c channels. NaN never is one.

/** Adds dy to the cell of the maximum in dx. */
export function addToMaximum(
  x: usize, dx: usize, dy: usize, c: i32, n1: i32, n2: i32, n3: i32, s1: usize, s2: usize, s3: usize,
): void {
  let i = 0;
  if (n1 == 1 && n2 == 2 && n3 == 2) {
    for (; i + 4 <= c; i += 4) {
      addToMaximumOfFour(x, dx, dy, s2, s3);
      x += 16;
      dx += 16;
      dy += 16;
    }
  }
  for (; i < c; i += 4) {
    let best = f32x4.splat(-Infinity);
    let place = i32x4.splat(-1);
    let tap = 0;
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        let p = x + <usize>i1 * s1 + <usize>i2 * s2;
        for (let i3 = 0; i3 < n3; i3++) {
          const v = v128.load(p);
          const more = f32x4.gt(v, best);
          best = v128.bitselect(v, best, more);
          place = v128.bitselect(i32x4.splat(tap++), place, more);
          p += s3;
        }
      }
    }
    const g = v128.load(dy);
    tap = 0;
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        let p = dx + <usize>i1 * s1 + <usize>i2 * s2;
        for (let i3 = 0; i3 < n3; i3++) {
          const here = i32x4.eq(place, i32x4.splat(tap++));
          storeFew(p, f32x4.add(v128.load(p), v128.and(g, here)), c - i);
          p += s3;
        }
      }
    }
    x += 16;
    dx += 16;
    dy += 16;
  }
}

/** The window almost everyone uses, 2 × 2: its four cells of four channels stay in registers. */
@inline
function addToMaximumOfFour(x: usize, dx: usize, dy: usize, row: usize, cell: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + cell);
  const c = v128.load(x + row);
  const d = v128.load(x + row + cell);
  const g = v128.load(dy);
  // Each cell that is above all before it takes the lead; the last to do so is the first of the equal maxima.
  const floor = f32x4.splat(-Infinity);
  const upToA = f32x4.pmax(floor, a);
  const upToB = f32x4.pmax(upToA, b);
  const upToC = f32x4.pmax(upToB, c);
  const isD = f32x4.gt(d, upToC);
  const isC = v128.andnot(f32x4.gt(c, upToB), isD);
  const taken = v128.or(isC, isD);
  const isB = v128.andnot(f32x4.gt(b, upToA), taken);
  const isA = v128.andnot(f32x4.gt(a, floor), v128.or(isB, taken));
  add(dx, g, isA);
  add(dx + cell, g, isB);
  add(dx + row, g, isC);
  add(dx + row + cell, g, isD);
}

@inline
function add(to: usize, g: v128, here: v128): void {
  v128.store(to, f32x4.add(v128.load(to), v128.and(g, here)));
}

/** Writes the maximum and its place: `first`, the place of the window's first cell, and the floats between them; −1 for none. */
@inline
export function storeMaximum(
  x: usize, maximum: usize, index: usize, c: i32, n1: i32, n2: i32, n3: i32, s1: usize, s2: usize, s3: usize,
  first: i32,
): void {
  for (let i = 0; i < c; i += 4) {
    let best = f32x4.splat(-Infinity);
    let place = i32x4.splat(-1);
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        let o = <usize>i1 * s1 + <usize>i2 * s2;
        for (let i3 = 0; i3 < n3; i3++) {
          const v = v128.load(x + o);
          const more = f32x4.gt(v, best);
          best = v128.bitselect(v, best, more);
          place = v128.bitselect(i32x4.splat(first + <i32>(o >> 2)), place, more);
          o += s3;
        }
      }
    }
    const found = i32x4.ge_s(place, i32x4.splat(0));
    storeFew(maximum, best, c - i);
    storeFew(index, i32x4.add(place, v128.and(i32x4(0, 1, 2, 3), found)), c - i);
    x += 16;
    maximum += 16;
    index += 16;
    first += 4;
  }
}
