import type { Tensor } from '@tensorflow/tfjs-core';
import { mul, sub, tensor, tidy } from '@tensorflow/tfjs-core';
import { SeededRandom } from '../random.js';

/**
 * Relative standard deviation of the errors of a {@link Jitter}: so far above the rounding of float32 that what they
 * change can be told from it, and so small that errors of errors hardly count. Not smaller: where two values tie, as in
 * max pooling of a blank image, any error makes another one the maximum.
 */
const JITTER_SIZE = 2 ** -7;

/** A prime, so that the numbers fall out of step with every shape. */
const POOL_LENGTH = 1021;

/**
 * Seeded relative errors for the intermediate results of a computation. What they change in its end result, divided
 * by {@link JITTER_SIZE}, is what rounding changes in it, divided by the rounding unit: the size of the terms
 * before they cancel (Parker, Pierce & Eggert 2000, "Monte Carlo Arithmetic"; Vignes 1993, "A stochastic
 * arithmetic for reliable scientific computation").
 */
export class Jitter {
  private readonly random: SeededRandom;
  /** 1 + δ for independent δ of mean 0. */
  private readonly pool: Float32Array;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.pool = this.random.fillNormal(new Float32Array(POOL_LENGTH));
    for (let i = 0; i < POOL_LENGTH; i++) this.pool[i] = 1 + JITTER_SIZE * this.pool[i]!;
  }

  /** x with an error of its own in each element: a new tensor. */
  apply<T extends Tensor>(x: T): T {
    return tidy(() => mul(x, tensor(this.factors(x.size), x.shape)) as Tensor as T);
  }

  private factors(length: number): Float32Array {
    const { pool } = this;
    const factors = new Float32Array(length);
    let from = Math.floor(this.random.uniform() * POOL_LENGTH);
    for (let at = 0; at < length; from = 0) {
      const part = pool.subarray(from, Math.min(POOL_LENGTH, from + length - at));
      factors.set(part, at);
      at += part.length;
    }
    return factors;
  }
}

/** The terms of a product, from one that errors went into and one that is right. */
export function jitterTerms<T extends Tensor>(disturbed: T, exact: T): T {
  return tidy((): T => mul(sub(disturbed, exact), 1 / JITTER_SIZE));
}
