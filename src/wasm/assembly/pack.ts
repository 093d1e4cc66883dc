import { copyFew } from './internal/copy';

/**
 * Packs B[k, n], rows contiguous, into panels `[panel][k][8]` with zeros behind column n.
 * `panelStride` is the distance of two panels in bytes: k · 32, or more where several blocks interleave.
 */
export function packRows(src: usize, rowStride: usize, k: i32, n: i32, dst: usize, panelStride: usize): void {
  for (let j = 0; j < n; j += 8) {
    let s = src + ((<usize>j) << 2);
    let d = dst;
    const left = n - j;
    if (left >= 8) {
      for (let i = 0; i < k; i++) {
        v128.store(d, v128.load(s));
        v128.store(d, v128.load(s, 16), 16);
        s += rowStride;
        d += 32;
      }
    } else {
      for (let i = 0; i < k; i++) {
        for (let c = 0; c < 8; c++) {
          store<f32>(d + ((<usize>c) << 2), c < left ? load<f32>(s + ((<usize>c) << 2)) : 0);
        }
        s += rowStride;
        d += 32;
      }
    }
    dst += panelStride;
  }
}

/** Packs B[k, n] given as its transpose [n, k], rows of k contiguous, into the panels of {@link packRows}. */
export function packTransposed(src: usize, rowStride: usize, k: i32, n: i32, dst: usize, panelStride: usize): void {
  for (let j = 0; j < n; j += 8) {
    const left = n - j;
    if (left >= 8) {
      packFourColumns(src, rowStride, k, dst);
      packFourColumns(src + 4 * rowStride, rowStride, k, dst + 16);
    } else {
      for (let i = 0; i < k; i++) {
        const d = dst + ((<usize>i) << 5);
        const s = src + ((<usize>i) << 2);
        for (let c = 0; c < 8; c++) {
          store<f32>(d + ((<usize>c) << 2), c < left ? load<f32>(s + <usize>c * rowStride) : 0);
        }
      }
    }
    src += 8 * rowStride;
    dst += panelStride;
  }
}

/** Four rows of k floats become four columns of a panel: 4 × 4 transposes in registers. */
function packFourColumns(s0: usize, rowStride: usize, k: i32, d: usize): void {
  let s1 = s0 + rowStride;
  let s2 = s1 + rowStride;
  let s3 = s2 + rowStride;
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    const r0 = v128.load(s0);
    const r1 = v128.load(s1);
    const r2 = v128.load(s2);
    const r3 = v128.load(s3);
    const lo01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const hi01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const lo23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const hi23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(d, v128.shuffle<f32>(lo01, lo23, 0, 1, 4, 5));
    v128.store(d, v128.shuffle<f32>(lo01, lo23, 2, 3, 6, 7), 32);
    v128.store(d, v128.shuffle<f32>(hi01, hi23, 0, 1, 4, 5), 64);
    v128.store(d, v128.shuffle<f32>(hi01, hi23, 2, 3, 6, 7), 96);
    s0 += 16;
    s1 += 16;
    s2 += 16;
    s3 += 16;
    d += 128;
  }
  for (; i < k; i++) {
    store<f32>(d, load<f32>(s0));
    store<f32>(d, load<f32>(s1), 4);
    store<f32>(d, load<f32>(s2), 8);
    store<f32>(d, load<f32>(s3), 12);
    s0 += 4;
    s1 += 4;
    s2 += 4;
    s3 += 4;
    d += 32;
  }
}

/** Copies [rows, cols] elements of 4 bytes between rows that lie `srcStride` and `dstStride` bytes apart. */
export function copyBlock(src: usize, srcStride: usize, rows: i32, cols: i32, dst: usize, dstStride: usize): void {
  const bytes = (<usize>cols) << 2;
  for (let r = 0; r < rows; r++) {
    copyFew(dst, src, bytes);
    src += srcStride;
    dst += dstStride;
  }
}
