import { transposeBlock } from './internal/transpose-block';

/** dst[cols, rows] = src[rows, cols] transposed, 4-byte elements. */
export function transpose(src: usize, dst: usize, rows: i32, cols: i32): void {
  transposeBlock(src, <usize>cols << 2, dst, <usize>rows << 2, rows, cols);
}
