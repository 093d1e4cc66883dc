// The filter's part of the transforms in internal/winograd-transforms.ts, for filters and for their gradients.

/** U = G g Gᵀ for `n` filters at once (a multiple of 4): taps lie `tap` bytes apart, results `stride`. */
export function transformFilter(g: usize, tap: usize, n: i32, u: usize, stride: usize): void {
  const half = f32x4.splat(0.5);
  const end = g + (<usize>n << 2);
  while (g < end) {
    for (let i: usize = 0; i < 4; i++) {
      // Row i of G g: taps of row 0, half the (alternating) sum of all rows, taps of row 2.
      const w0 = filterRow(g, 3 * tap, i, half);
      const w1 = filterRow(g + tap, 3 * tap, i, half);
      const w2 = filterRow(g + 2 * tap, 3 * tap, i, half);
      const outer = f32x4.add(w0, w2);
      const at = u + 4 * i * stride;
      v128.store(at, w0);
      v128.store(at + stride, f32x4.mul(half, f32x4.add(outer, w1)));
      v128.store(at + 2 * stride, f32x4.mul(half, f32x4.sub(outer, w1)));
      v128.store(at + 3 * stride, w2);
    }
    g += 16;
    u += 16;
  }
}

function filterRow(g: usize, row: usize, i: usize, half: v128): v128 {
  if (i == 0) return v128.load(g);
  if (i == 3) return v128.load(g + 2 * row);
  const outer = f32x4.add(v128.load(g), v128.load(g + 2 * row));
  const middle = v128.load(g + row);
  return f32x4.mul(half, i == 1 ? f32x4.add(outer, middle) : f32x4.sub(outer, middle));
}

/** dg = Gᵀ dU G for `n` filters at once (a multiple of 4): dU lies `stride` bytes apart, taps `tap`. */
export function transformFilterGradient(u: usize, stride: usize, n: i32, g: usize, tap: usize): void {
  const end = u + (<usize>n << 2);
  while (u < end) {
    for (let i: usize = 0; i < 3; i++) {
      const w0 = filterGradientRow(u, 4 * stride, i);
      const w1 = filterGradientRow(u + stride, 4 * stride, i);
      const w2 = filterGradientRow(u + 2 * stride, 4 * stride, i);
      const w3 = filterGradientRow(u + 3 * stride, 4 * stride, i);
      const half = f32x4.splat(0.5);
      const at = g + 3 * i * tap;
      v128.store(at, f32x4.add(w0, f32x4.mul(half, f32x4.add(w1, w2))));
      v128.store(at + tap, f32x4.mul(half, f32x4.sub(w1, w2)));
      v128.store(at + 2 * tap, f32x4.add(w3, f32x4.mul(half, f32x4.add(w1, w2))));
    }
    u += 16;
    g += 16;
  }
}

function filterGradientRow(u: usize, row: usize, i: usize): v128 {
  const half = f32x4.splat(0.5);
  const a = v128.load(u + row);
  const b = v128.load(u + 2 * row);
  if (i == 1) return f32x4.mul(half, f32x4.sub(a, b));
  const sum = f32x4.mul(half, f32x4.add(a, b));
  return f32x4.add(v128.load(i == 0 ? u : u + 3 * row), sum);
}
