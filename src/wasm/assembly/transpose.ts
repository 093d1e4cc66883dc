import { transposeBlock } from './internal/transpose-block';

/** dst[b, cols, rows] = src[b, rows, cols] transposed, 4-byte elements. */
export function transpose(src: usize, dst: usize, rows: i32, cols: i32, batch: i32): void {
  const bytes = <usize>(rows * cols) << 2;
  for (let b = 0; b < batch; b++) {
    transposeBlock(src, <usize>cols << 2, dst, <usize>rows << 2, rows, cols);
    src += bytes;
    dst += bytes;
  }
}
