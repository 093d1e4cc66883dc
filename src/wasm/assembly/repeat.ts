import { copyFew } from './internal/copy';

/** dst[b, r, :] = src[b, :] for `blocks` blocks of `n` floats and r below `times`. */
export function repeatBlocks(src: usize, blocks: i32, n: i32, times: i32, dst: usize): void {
  const bytes = (<usize>n) << 2;
  for (let b = 0; b < blocks; b++) {
    if (n == 1) {
      dst = fill(dst, load<u32>(src), times);
    } else {
      for (let r = 0; r < times; r++) {
        copyFew(dst, src, bytes);
        dst += bytes;
      }
    }
    src += bytes;
  }
}

/** Writes one element `times` over and returns where they end. */
@inline
function fill(to: usize, value: u32, times: i32): usize {
  const four = i32x4.splat(value);
  const end = to + ((<usize>times) << 2);
  for (; to + 16 <= end; to += 16) v128.store(to, four);
  for (; to < end; to += 4) store<u32>(to, value);
  return to;
}
