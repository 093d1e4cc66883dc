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
  m: usize, stride: usize, n: i32, y: usize, row: usize, cell: usize, rows: i32, cols: i32,
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
  y: usize, row: usize, cell: usize, n: i32, z: usize, panel: usize, stride: usize,
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
