import { packRows, packTransposed } from './pack';
import { ACCUMULATE, tile } from './internal/tile';

/** Depth of a block: one panel of B (12 KiB) and four rows of A stay in a 32 KiB first-level cache. */
const KC: i32 = 384;
/** Width of a block of B: KC · NC floats (384 KiB) stay in the second-level cache. */
const NC: i32 = 256;
/** Rows of a transposed A packed at a time (96 KiB). */
const MC: i32 = 64;

/** Bytes of scratch {@link gemm} needs, whatever the shape. */
export function gemmScratchBytes(): i32 {
  return (KC * NC + KC * MC) << 2;
}

/**
 * C[m, n] (+)= op(A) op(B), float32, C with `ldc` floats a row. `transposeA`: A is stored [k, m] with `lda` floats a
 * row, else [m, k]; likewise B. `scratch` has {@link gemmScratchBytes} bytes, 16-byte aligned.
 * Sums run over blocks of 384 terms, so that rounding grows with k / 384 and not with k.
 */
export function gemm(
  a: usize, lda: i32, transposeA: bool, b: usize, ldb: i32, transposeB: bool, c: usize, ldc: i32, m: i32, n: i32,
  k: i32, accumulate: i32, scratch: usize,
): void {
  const aStride = (<usize>lda) << 2;
  const bStride = (<usize>ldb) << 2;
  const cStride = (<usize>ldc) << 2;
  const fours = scratch + ((<usize>(KC * NC)) << 2);
  let flags = accumulate;
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0);
    const panelStride = (<usize>kc) << 5;
    for (let n0 = 0; n0 < n; n0 += NC) {
      const nc = min(NC, n - n0);
      if (transposeB) {
        packTransposed(b + <usize>n0 * bStride + ((<usize>k0) << 2), bStride, kc, nc, scratch, panelStride);
      } else {
        packRows(b + <usize>k0 * bStride + ((<usize>n0) << 2), bStride, kc, nc, scratch, panelStride);
      }
      for (let m0 = 0; m0 < m; m0 += MC) {
        const mc = min(MC, m - m0);
        if (transposeA) packFours(a + <usize>k0 * aStride + ((<usize>m0) << 2), aStride, kc, mc, fours);
        for (let i = 0; i < mc; i += 4) {
          const rows = min(4, mc - i);
          const c0 = c + <usize>(m0 + i) * cStride + ((<usize>n0) << 2);
          const c1 = rows > 1 ? c0 + cStride : c0;
          const c2 = rows > 2 ? c1 + cStride : c0;
          const c3 = rows > 3 ? c2 + cStride : c0;
          if (transposeA) {
            const a0 = fours + ((<usize>i * kc) << 2);
            tile(a0, a0 + 4, a0 + 8, a0 + 12, 1, 0, 1, 0, kc, 16, scratch, 32, panelStride, c0, c1, c2, c3, rows, nc, flags);
          } else {
            const a0 = a + <usize>(m0 + i) * aStride + ((<usize>k0) << 2);
            const a1 = rows > 1 ? a0 + aStride : a0;
            const a2 = rows > 2 ? a1 + aStride : a0;
            const a3 = rows > 3 ? a2 + aStride : a0;
            tile(a0, a1, a2, a3, 1, 0, 1, 0, kc, 4, scratch, 32, panelStride, c0, c1, c2, c3, rows, nc, flags);
          }
        }
      }
    }
    flags = ACCUMULATE;
  }
}

/** Packs the transpose of A[k, m], rows of m contiguous, into `[m / 4][k][4]`, the last block filled up with zeros. */
function packFours(src: usize, rowStride: usize, k: i32, m: i32, dst: usize): void {
  for (let j = 0; j < m; j += 4) {
    let s = src + ((<usize>j) << 2);
    const left = m - j;
    if (left >= 4) {
      for (let i = 0; i < k; i++) {
        v128.store(dst, v128.load(s));
        s += rowStride;
        dst += 16;
      }
    } else {
      for (let i = 0; i < k; i++) {
        for (let c = 0; c < 4; c++) {
          store<f32>(dst + ((<usize>c) << 2), c < left ? load<f32>(s + ((<usize>c) << 2)) : 0);
        }
        s += rowStride;
        dst += 16;
      }
    }
  }
}
