import { copyBlock, packRows, packTransposed } from './pack';
import { ACCUMULATE, ROWS, tileRows } from './tile';

/** Depth of a block: one panel of B (12 KiB) and four rows of A stay in a 32 KiB first-level cache. */
const KC: i32 = 384;
/** Width of a block of B: KC · NC floats (384 KiB) stay in the second-level cache. */
const NC: i32 = 256;
/** Rows of a transposed A copied at a time (92 KiB): whole tiles, and no power of two, so that the cache's sets are used evenly. */
const MC: i32 = 60;

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
  a: usize,
  lda: i32,
  transposeA: bool,
  b: usize,
  ldb: i32,
  transposeB: bool,
  c: usize,
  ldc: i32,
  m: i32,
  n: i32,
  k: i32,
  accumulate: i32,
  scratch: usize,
): void {
  const aStride = (<usize>lda) << 2;
  const bStride = (<usize>ldb) << 2;
  const cStride = (<usize>ldc) << 2;
  const block = scratch + ((<usize>(KC * NC)) << 2);
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
        if (transposeA) copyBlock(a + <usize>k0 * aStride + (<usize>m0 << 2), aStride, kc, mc, block, MC << 2);
        for (let i = 0; i < mc; i += ROWS) {
          const rows = min(ROWS, mc - i);
          const to = c + <usize>(m0 + i) * cStride + (<usize>n0 << 2);
          if (transposeA) {
            tileRows(block + (<usize>i << 2), 4, 1, 0, kc, MC << 2, scratch, to, cStride, rows, nc, flags);
          } else {
            const from = a + <usize>(m0 + i) * aStride + (<usize>k0 << 2);
            tileRows(from, aStride, 1, 0, kc, 4, scratch, to, cStride, rows, nc, flags);
          }
        }
      }
    }
    flags = ACCUMULATE;
  }
}
