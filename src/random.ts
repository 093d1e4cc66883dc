/**
 * A seeded stream of random numbers that repeats bit for bit.
 *
 * The generator is sfc32 (Doty-Humphrey's "Small Fast Counting", from PractRand 0.9, 2010): 128 bits of state,
 * a period of at least 2^32, and it passes PractRand and BigCrush. The state is filled from the seed by
 * splitmix32, so that neighbouring seeds give unrelated streams.
 *
 * @example
 * const probe = new SeededRandom(7).fillNormal(new Float32Array(1000));
 */
export class SeededRandom {
  /** a, b, c and the counter. Numbers of 32 bits by their type: as fields of the object they cost twice the time. */
  private readonly state: Int32Array;
  /** The second half of a Box-Muller pair, not yet handed out. */
  private spare: number | null = null;

  /** @param seed any safe integer; equal seeds give equal streams. Default 0. */
  constructor(seed = 0) {
    const mix = splitmix32(seed | 0);
    const high = splitmix32(Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
    this.state = Int32Array.of(mix() ^ high(), mix() ^ high(), mix() ^ high(), 1);
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** The next 32 random bits as a signed integer. */
  private bits(): number {
    const { state } = this;
    const b = state[1]!;
    const c = state[2]!;
    const counter = state[3]!;
    const result = (state[0]! + b + counter) | 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + result;
    state[3] = counter + 1;
    return result;
  }

  /** A number of [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return (this.bits() >>> 0) / 2 ** 32;
  }

  /** A standard normal number (Box & Muller 1958). */
  normal(): number {
    if (this.spare != null) {
      const value = this.spare;
      this.spare = null;
      return value;
    }
    // 1 - u lies in (0, 1]: the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Fills `out` with uniform numbers of [-1/2, 1/2), multiples of 2^-24, which float32 holds, and returns it. */
  fillCentered(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i++) out[i] = (this.bits() >>> 8) / 2 ** 24 - 0.5;
    return out;
  }

  /** Fills `out` with independent standard normal numbers and returns it. */
  fillNormal(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i++) out[i] = this.normal();
    return out;
  }

  /** Fills `out` with independent signs, -1 or 1 with equal chance, and returns it. */
  fillRademacher(out: Float32Array): Float32Array {
    let bits = 0;
    for (let i = 0; i < out.length; i++) {
      if (i % 32 === 0) bits = this.bits();
      out[i] = (bits >>> (i % 32)) & 1 ? 1 : -1;
    }
    return out;
  }
}

/** Steele, Lea & Flood's SplitMix (2014) in its 32-bit form, used to spread a seed over the state. */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
}
