/** Up to this many bytes a loop is quicker than the call behind `memory.copy` and `memory.fill`. */
const SHORT: usize = 1024;

/** Copies bytes, a multiple of 4. */
@inline
export function copy(dst: usize, src: usize, bytes: usize): void {
  if (bytes > SHORT) memory.copy(dst, src, bytes);
  else copyFew(dst, src, bytes);
}

/** The same where there are few, or where a call for each would take longer. */
@inline
export function copyFew(dst: usize, src: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(dst + i, v128.load(src + i));
  for (; i < bytes; i += 4) store<u32>(dst + i, load<u32>(src + i));
}

/** Fills bytes, a multiple of 4, with zeros. */
@inline
export function zero(dst: usize, bytes: usize): void {
  if (bytes > SHORT) {
    memory.fill(dst, 0, bytes);
  } else {
    const end = dst + bytes;
    for (; dst + 16 <= end; dst += 16) v128.store(dst, f32x4.splat(0));
    for (; dst < end; dst += 4) store<u32>(dst, 0);
  }
}
