// The transforms of Winograd's minimal filtering F(2 × 2, 3 × 3), as in Lavin and Gray, "Fast algorithms for
// convolutional neural networks" (2015), section 4.1: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. All coefficients are 0, ±1, ±½.

/** Sixteen transformed values lie `stride` bytes apart; each call handles `n` floats (a multiple of 4) of one tile. */

/** V = Bᵀ d B of a 4 × 4 patch whose rows lie `row` and cells `cell` bytes apart. */
export function transformInput(d: usize, row: usize, cell: usize, n: i32, v: usize, stride: usize): void {
  const row2 = row + row;
  const cell2 = cell + cell;
  const end = d + (<usize>n << 2);
  while (d < end) {
    inputRow(d, d + row2, cell, cell2, false, v, stride);
    inputRow(d + row, d + row2, cell, cell2, true, v + 4 * stride, stride);
    inputRow(d + row2, d + row, cell, cell2, false, v + 8 * stride, stride);
    inputRow(d + row, d + row + row2, cell, cell2, false, v + 12 * stride, stride);
    d += 16;
    v += 16;
  }
}

/** One row of Bᵀ d (the sum or difference of two rows of d) times B. */
@inline
function inputRow(p: usize, q: usize, cell: usize, cell2: usize, add: bool, v: usize, stride: usize): void {
  const w0 = combine(v128.load(p), v128.load(q), add);
  const w1 = combine(v128.load(p + cell), v128.load(q + cell), add);
  const w2 = combine(v128.load(p + cell2), v128.load(q + cell2), add);
  const w3 = combine(v128.load(p + cell + cell2), v128.load(q + cell + cell2), add);
  v128.store(v, f32x4.sub(w0, w2));
  v128.store(v + stride, f32x4.add(w1, w2));
  v128.store(v + 2 * stride, f32x4.sub(w2, w1));
  v128.store(v + 3 * stride, f32x4.sub(w1, w3));
}

@inline
function combine(a: v128, b: v128, add: bool): v128 {
  return add ? f32x4.add(a, b) : f32x4.sub(a, b);
}

/**
 * Y = Aᵀ M A, the 2 × 2 outputs of one tile, `n` floats each; a second row or column outside the image (`rows`,
 * `cols` of 1) is not written.
 */
export function transformOutput(
  m: usize,
  stride: usize,
  n: i32,
  y: usize,
  row: usize,
  cell: usize,
  rows: i32,
  cols: i32,
): void {
  const end = m + (<usize>n << 2);
  while (m < end) {
    outputRow(m, m + 4 * stride, m + 8 * stride, false, stride, y, cell, cols);
    if (rows > 1) outputRow(m + 4 * stride, m + 8 * stride, m + 12 * stride, true, stride, y + row, cell, cols);
    m += 16;
    y += 16;
  }
}

/** One row of Aᵀ M, a + b + c or a − b − c, times A. */
@inline
function outputRow(a: usize, b: usize, c: usize, minus: bool, stride: usize, y: usize, cell: usize, cols: i32): void {
  const s0 = gather(a, b, c, minus);
  const s1 = gather(a + stride, b + stride, c + stride, minus);
  const s2 = gather(a + 2 * stride, b + 2 * stride, c + 2 * stride, minus);
  v128.store(y, f32x4.add(f32x4.add(s0, s1), s2));
  if (cols > 1) {
    const s3 = gather(a + 3 * stride, b + 3 * stride, c + 3 * stride, minus);
    v128.store(y + cell, f32x4.sub(f32x4.sub(s1, s2), s3));
  }
}

@inline
function gather(a: usize, b: usize, c: usize, minus: bool): v128 {
  if (minus) return f32x4.sub(f32x4.sub(v128.load(a), v128.load(b)), v128.load(c));
  return f32x4.add(f32x4.add(v128.load(a), v128.load(b)), v128.load(c));
}

/**
 * Z = A dY Aᵀ of a 2 × 2 patch, `n` floats (a multiple of 8), into panels: eight floats of a tile, then `panel` bytes
 * on the next eight.
 */
export function transformGradient(
  y: usize,
  row: usize,
  cell: usize,
  n: i32,
  z: usize,
  panel: usize,
  stride: usize,
): void {
  for (let i = 0; i < n; i += 8) {
    gradientPatch(y, row, cell, z, stride);
    gradientPatch(y + 16, row, cell, z + 16, stride);
    y += 32;
    z += panel;
  }
}

@inline
function gradientPatch(y: usize, row: usize, cell: usize, z: usize, stride: usize): void {
  const a = v128.load(y);
  const b = v128.load(y + cell);
  const c = v128.load(y + row);
  const d = v128.load(y + row + cell);
  gradientRow(a, b, z, stride);
  gradientRow(f32x4.add(a, c), f32x4.add(b, d), z + 4 * stride, stride);
  gradientRow(f32x4.sub(a, c), f32x4.sub(b, d), z + 8 * stride, stride);
  gradientRow(f32x4.neg(c), f32x4.neg(d), z + 12 * stride, stride);
}

@inline
function gradientRow(a: v128, b: v128, z: usize, stride: usize): void {
  v128.store(z, a);
  v128.store(z + stride, f32x4.add(a, b));
  v128.store(z + 2 * stride, f32x4.sub(a, b));
  v128.store(z + 3 * stride, f32x4.neg(b));
}

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
