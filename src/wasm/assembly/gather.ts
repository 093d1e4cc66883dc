/** The place of the first of `count` indices that is not in [0, size); `count` where all are. */
export function firstOutside(indices: usize, count: i32, size: i32): i32 {
  for (let i = 0; i < count; i++) {
    // As an unsigned number a negative index is too large, too.
    if (load<u32>(indices + ((<usize>i) << 2)) >= <u32>size) return i;
  }
  return count;
}

/**
 * dst[b, o, i, :] = src[b, o, indices[b, i], :] for slices of `slice` bytes, `size` of them along the gathered axis
 * of src and `count` indices to an example b. The caller has looked at the indices.
 */
export function gather(
  src: usize, indices: usize, dst: usize, batch: i32, outer: i32, size: i32, count: i32, slice: usize,
): void {
  const block = <usize>size * slice;
  const end = (<usize>count) << 2;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      if (slice == 4) {
        for (let i: usize = 0; i < end; i += 4) {
          store<u32>(dst, load<u32>(src + ((<usize>load<u32>(indices + i)) << 2)));
          dst += 4;
        }
      } else {
        for (let i: usize = 0; i < end; i += 4) {
          copySlice(dst, src + <usize>load<u32>(indices + i) * slice, slice);
          dst += slice;
        }
      }
      src += block;
    }
    indices += end;
  }
}

/** Copies bytes; a loop is quicker than the call behind `memory.copy` up to a kilobyte. */
@inline
function copySlice(to: usize, from: usize, bytes: usize): void {
  if (bytes > 1024) {
    memory.copy(to, from, bytes);
  } else {
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
    for (; i + 4 <= bytes; i += 4) store<u32>(to + i, load<u32>(from + i));
    for (; i < bytes; i++) store<u8>(to + i, load<u8>(from + i));
  }
}
