import { storeFew } from './few';

/**
 * The maximum or the average of n1 × n2 × n3 cells, s1, s2 and s3 bytes apart, in each of c channels. Rows are summed
 * before they are added up, so that rounding grows with the sides of a window and not with its cells.
 */
@inline
export function poolWindow(x: usize, y: usize, c: i32, n1: i32, n2: i32, n3: i32, s1: usize, s2: usize, s3: usize, least: i32, average: bool): void {
  const count = <f32>max(least, n1 * n2 * n3);
  const side = n1 == 1 && n2 == n3 ? n2 : 0;
  let i = 0;
  for (; i + 16 <= c && side != 2; i += 16) {
    let m0 = start(average);
    let m1 = m0;
    let m2 = m0;
    let m3 = m0;
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        let p = x + <usize>i1 * s1 + <usize>i2 * s2;
        let r0 = start(average);
        let r1 = r0;
        let r2 = r0;
        let r3 = r0;
        for (let i3 = 0; i3 < n3; i3++) {
          r0 = join(r0, v128.load(p), average);
          r1 = join(r1, v128.load(p, 16), average);
          r2 = join(r2, v128.load(p, 32), average);
          r3 = join(r3, v128.load(p, 48), average);
          p += s3;
        }
        m0 = join(m0, r0, average);
        m1 = join(m1, r1, average);
        m2 = join(m2, r2, average);
        m3 = join(m3, r3, average);
      }
    }
    const divisor = f32x4.splat(count);
    v128.store(y, average ? f32x4.div(m0, divisor) : m0);
    v128.store(y, average ? f32x4.div(m1, divisor) : m1, 16);
    v128.store(y, average ? f32x4.div(m2, divisor) : m2, 32);
    v128.store(y, average ? f32x4.div(m3, divisor) : m3, 48);
    x += 64;
    y += 64;
  }
  for (; i + 4 <= c; i += 4) {
    channels(x, y, n1, n2, n3, s1, s2, s3, count, side, average, 4);
    x += 16;
    y += 16;
  }
  if (i < c) channels(x, y, n1, n2, n3, s1, s2, s3, count, side, average, c - i);
}

/** The same for one to four channels. */
@inline
function channels(x: usize, y: usize, n1: i32, n2: i32, n3: i32, s1: usize, s2: usize, s3: usize, count: f32, side: i32, average: bool, lanes: i32): void {
  let m = start(average);
  // The windows almost everyone uses.
  if (side == 2) {
    m = join(join(m, v128.load(x), average), v128.load(x + s3), average);
    m = join(join(m, v128.load(x + s2), average), v128.load(x + s2 + s3), average);
    storeFew(y, average ? f32x4.mul(m, f32x4.splat(0.25)) : m, lanes);
    return;
  }
  if (side == 3) {
    for (let i2 = 0; i2 < 3; i2++) {
      const r = join(join(start(average), v128.load(x), average), v128.load(x + s3), average);
      m = join(m, join(r, v128.load(x + 2 * s3), average), average);
      x += s2;
    }
    storeFew(y, average ? f32x4.div(m, f32x4.splat(9)) : m, lanes);
    return;
  }
  for (let i1 = 0; i1 < n1; i1++) {
    for (let i2 = 0; i2 < n2; i2++) {
      let p = x + <usize>i1 * s1 + <usize>i2 * s2;
      let r = start(average);
      for (let i3 = 0; i3 < n3; i3++) {
        r = join(r, v128.load(p), average);
        p += s3;
      }
      m = join(m, r, average);
    }
  }
  storeFew(y, average ? f32x4.div(m, f32x4.splat(count)) : m, lanes);
}

@inline
function start(average: bool): v128 {
  return f32x4.splat(average ? 0 : -Infinity);
}

/** a + v, or the larger of the two: `a` where `v` is NaN. */
@inline
function join(a: v128, v: v128, average: bool): v128 {
  return average ? f32x4.add(a, v) : f32x4.pmax(a, v);
}
