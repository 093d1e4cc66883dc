/** dst[b, r, :] = src[b, :] for `blocks` blocks of `n` floats and r below `times`. */
export function repeatBlocks(src: usize, blocks: i32, n: i32, times: i32, dst: usize): void {
  const bytes = (<usize>n) << 2;
  for (let b = 0; b < blocks; b++) {
    if (n == 1) {
      dst = fill(dst, load<u32>(src), times);
    } else {
      for (let r = 0; r < times; r++) {
        let i: usize = 0;
        for (; i + 16 <= bytes; i += 16) v128.store(dst + i, v128.load(src + i));
        for (; i < bytes; i += 4) store<u32>(dst + i, load<u32>(src + i));
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
