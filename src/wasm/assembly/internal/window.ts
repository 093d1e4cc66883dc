/** The first tap of a window starting at `from` that lies in the input. */
@inline
export function firstTap(from: i32, dilation: i32): i32 {
  return from >= 0 ? 0 : (-from + dilation - 1) / dilation;
}

/** One behind the last tap of a window of `taps` starting at `from` that lies in an input of `size`. */
@inline
export function lastTap(from: i32, dilation: i32, taps: i32, size: i32): i32 {
  // Most windows lie inside, and need no division.
  if (from >= 0 && from + (taps - 1) * dilation < size) return taps;
  return lastTapAtEdge(from, dilation, taps, size);
}

function lastTapAtEdge(from: i32, dilation: i32, taps: i32, size: i32): i32 {
  return max(firstTap(from, dilation), min(taps, (size - from + dilation - 1) / dilation));
}
