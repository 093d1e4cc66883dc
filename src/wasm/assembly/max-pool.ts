import { firstTap, lastTap } from './internal/window';

/**
 * Adds the gradient of maximum pooling to `dx`, [batch, d, h, w, c], zeroed here image by image. A window's gradient goes
 * to its first maximum; NaN never is one. In two dimensions the depth is 1.
 */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  dx: usize,
  batch: i32,
  c: i32,
  d: i32,
  h: i32,
  w: i32,
  od: i32,
  oh: i32,
  ow: i32,
  kd: i32,
  kh: i32,
  kw: i32,
  sd: i32,
  sh: i32,
  sw: i32,
  dd: i32,
  dh: i32,
  dw: i32,
  pd: i32,
  ph: i32,
  pw: i32,
): void {
  const cell = <usize>c << 2;
  const row = cell * w;
  const slice = row * h;
  const image = slice * d;
  for (let b = 0; b < batch; b++) {
    memory.fill(dx, 0, image);
    for (let z = 0; z < od; z++) {
      const z0 = z * sd - pd;
      const t0 = firstTap(z0, dd);
      const t1 = lastTap(z0, dd, kd, d);
      for (let y = 0; y < oh; y++) {
        const y0 = y * sh - ph;
        const r0 = firstTap(y0, dh);
        const r1 = lastTap(y0, dh, kh, h);
        for (let u = 0; u < ow; u++) {
          const u0 = u * sw - pw;
          const s0 = firstTap(u0, dw);
          const s1 = lastTap(u0, dw, kw, w);
          const at = <usize>(z0 + t0 * dd) * slice + <usize>(y0 + r0 * dh) * row + <usize>(u0 + s0 * dw) * cell;
          scatter(x + at, dx + at, dy, c, t1 - t0, r1 - r0, s1 - s0, slice * dd, row * dh, cell * dw);
          dy += cell;
        }
      }
    }
    x += image;
    dx += image;
  }
}

/** One window, all channels: finds each channel's maximum and adds dy there. */
function scatter(
  x: usize,
  dx: usize,
  dy: usize,
  c: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  s1: usize,
  s2: usize,
  s3: usize,
): void {
  let i = 0;
  if (n1 == 1 && n2 == 2 && n3 == 2) {
    for (; i + 4 <= c; i += 4) {
      scatterPair(x, dx, dy, s2, s3);
      x += 16;
      dx += 16;
      dy += 16;
    }
  }
  for (; i + 4 <= c; i += 4) {
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
          v128.store(p, f32x4.add(v128.load(p), v128.and(g, here)));
          p += s3;
        }
      }
    }
    x += 16;
    dx += 16;
    dy += 16;
  }
  for (; i < c; i++) {
    let best: f32 = -Infinity;
    let place: usize = 0;
    let found = false;
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        for (let i3 = 0; i3 < n3; i3++) {
          const o = <usize>i1 * s1 + <usize>i2 * s2 + <usize>i3 * s3;
          const v = load<f32>(x + o);
          if (v > best) {
            best = v;
            place = o;
            found = true;
          }
        }
      }
    }
    if (found) store<f32>(dx + place, load<f32>(dx + place) + load<f32>(dy));
    x += 4;
    dx += 4;
    dy += 4;
  }
}

/** The window almost everyone uses, 2 × 2: its four cells of four channels stay in registers. */
@inline
function scatterPair(x: usize, dx: usize, dy: usize, row: usize, cell: usize): void {
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

/**
 * Maximum pooling in two dimensions with the flat index of each window's first maximum: (row · w + col) · c + channel,
 * plus the image's offset with `batchInIndex`; −1 where no number compares.
 */
export function maxPoolWithArgmax(
  x: usize,
  pooled: usize,
  index: usize,
  batch: i32,
  c: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  ph: i32,
  pw: i32,
  batchInIndex: bool,
): void {
  for (let b = 0; b < batch; b++) {
    const offset = batchInIndex ? b * h * w * c : 0;
    for (let y = 0; y < oh; y++) {
      const y0 = y * sh - ph;
      const r0 = firstTap(y0, dh);
      const r1 = lastTap(y0, dh, kh, h);
      for (let u = 0; u < ow; u++) {
        const u0 = u * sw - pw;
        const s0 = firstTap(u0, dw);
        const s1 = lastTap(u0, dw, kw, w);
        const corner = ((y0 + r0 * dh) * w + u0 + s0 * dw) * c;
        let i = 0;
        for (; i + 4 <= c; i += 4) {
          let best = f32x4.splat(-Infinity);
          let place = i32x4.splat(-1);
          for (let r = r0; r < r1; r++) {
            let at = corner + (r - r0) * dh * w * c + i;
            for (let s = s0; s < s1; s++) {
              const v = v128.load(x + (<usize>at << 2));
              const more = f32x4.gt(v, best);
              best = v128.bitselect(v, best, more);
              place = v128.bitselect(i32x4.splat(at + offset), place, more);
              at += dw * c;
            }
          }
          const found = i32x4.ge_s(place, i32x4.splat(0));
          v128.store(pooled, best);
          v128.store(index, i32x4.add(place, v128.and(i32x4(0, 1, 2, 3), found)));
          pooled += 16;
          index += 16;
        }
        for (; i < c; i++) {
          let best: f32 = -Infinity;
          let place = -1;
          for (let r = r0; r < r1; r++) {
            for (let s = s0; s < s1; s++) {
              const at = ((y0 + r * dh) * w + u0 + s * dw) * c + i;
              const v = load<f32>(x + (<usize>at << 2));
              if (v > best) {
                best = v;
                place = at + offset;
              }
            }
          }
          store<f32>(pooled, best);
          store<i32>(index, place);
          pooled += 4;
          index += 4;
        }
      }
    }
    x += <usize>(h * w * c) << 2;
  }
}
