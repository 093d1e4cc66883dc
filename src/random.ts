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
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  /** The second half of a Box-Muller pair, not yet handed out. */
  private spare: number | null = null;

  /** @param seed any safe integer; equal seeds give equal streams. Default 0. */
  constructor(seed = 0) {
    const mix = splitmix32(seed | 0);
    const high = splitmix32(Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
    this.a = mix() ^ high();
    this.b = mix() ^ high();
    this.c = mix() ^ high();
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** The next 32 random bits as a signed integer. */
  private bits(): number {
    const result = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + result;
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

  /** Fills `out` with uniform numbers of [0, 1) and returns it. */
  fillUniform(out: Float32Array): Float32Array {
    // A float32 next to 1 may round up to it; 24 bits do not.
    for (let i = 0; i < out.length; i++) out[i] = (this.bits() >>> 8) / 2 ** 24;
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
