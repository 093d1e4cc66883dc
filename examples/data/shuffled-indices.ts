/**
 * 0 … count − 1 in an order that depends on the seed alone: a Fisher–Yates shuffle.
 *
 * Independent of `Math.random`, so that loading data neither disturbs nor depends on the state of a run.
 */
export function shuffledIndices(count: number, seed: number): Uint32Array {
  const random = mulberry32(seed);
  const indices = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [indices[i], indices[j]] = [indices[j]!, indices[i]!];
  }
  return indices;
}

/** Uniform numbers in [0, 1) from a 32-bit state (T. Ettinger, "mulberry32", public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
