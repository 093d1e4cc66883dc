import { firstTap, lastTap } from './internal/window';

/**
 * The gradient of average pooling over [batch, d, h, w, c]: each window spreads dy / (its cells inside the input)
 * over those cells, because the forward kernels divide by that number. `dx` is zeroed here image by image.
 */
export function averagePoolGradient(
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
          const share: f32 = 1.0 / <f32>((t1 - t0) * (r1 - r0) * (s1 - s0));
          for (let t = t0; t < t1; t++) {
            for (let r = r0; r < r1; r++) {
              let to = dx + <usize>(z0 + t * dd) * slice + <usize>(y0 + r * dh) * row + <usize>(u0 + s0 * dw) * cell;
              for (let s = s0; s < s1; s++) {
                addScaled(to, dy, share, c);
                to += cell * dw;
              }
            }
          }
          dy += cell;
        }
      }
    }
    dx += image;
  }
}

function addScaled(to: usize, from: usize, scale: f32, n: i32): void {
  const s = f32x4.splat(scale);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(v128.load(from), s)));
    to += 16;
    from += 16;
  }
  for (; i < n; i++) {
    store<f32>(to, load<f32>(to) + load<f32>(from) * scale);
    to += 4;
    from += 4;
  }
}
