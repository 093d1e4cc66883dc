// The last one to three channels by whole vectors. Scalar code is slow, and guessing wrong half the time where it compares.
// Loads then go up to 12 bytes beyond the last cell of a tensor, as those of XNNPACK do on the same heap: behind every
// block its allocator keeps at least that much of its own. Stores have to be exact.

/** Stores the first `lanes` floats of v, all four if there are more. */
@inline
export function storeFew(p: usize, v: v128, lanes: i32): void {
  if (lanes >= 4) {
    v128.store(p, v);
  } else if (lanes == 1) {
    v128.store32_lane(p, v, 0);
  } else {
    v128.store64_lane(p, v, 0);
    if (lanes == 3) v128.store32_lane(p, v, 2, 8);
  }
}
