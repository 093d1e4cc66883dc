import type { Tensor } from '@tensorflow/tfjs-core';

/** One op, or one setting of an op, whose derivatives are checked against differences. */
export interface OpCase {
  /** Kernel whose rule the case is about; where several are exercised, the one that would be wrong. */
  readonly kernel: string;
  /** What is special about this case. */
  readonly setting?: string;
  /** The float32 inputs to differentiate by. */
  readonly inputs: readonly InputSpec[];
  readonly op: (...inputs: Tensor[]) => Tensor;
  /** The same function written otherwise, where TensorFlow.js's own kernel computes it wrongly. */
  readonly truth?: (...inputs: Tensor[]) => Tensor;
  /** Backends whose forward kernel exists and is right; both by default. */
  readonly backends?: readonly ('cpu' | 'wasm')[];
}

/** How the values of an input are drawn. */
export interface InputSpec {
  readonly shape: number[];
  readonly values: (i: number, n: number, random: () => number) => number;
}

/** Uniform values between two numbers. */
export const between = (low: number, high: number, ...shape: number[]): InputSpec => ({
  shape,
  values: (_, __, random) => low + (high - low) * random(),
});

/** Values of moderate size with no particular structure. */
export const smooth = (...shape: number[]): InputSpec => between(-1, 1, ...shape);

/** Positive values away from zero. */
export const positive = (...shape: number[]): InputSpec => between(0.5, 1.5, ...shape);

/** Values of both signs that stay clear of zero and of ±1: no kink is crossed by a step of 0.2. */
export const signed = (...shape: number[]): InputSpec => ({
  shape,
  values: (_, __, random) => (random() < 0.5 ? -1 : 1) * (0.3 + 0.4 * random()),
});

/** Values that differ pairwise by at least 0.4, of both signs, in an order that looks random. */
export const distinct = (...shape: number[]): InputSpec => ({
  shape,
  values: (i, n) => 0.4 * (((i * coprime(n)) % n) - n / 2) + 0.1,
});

/** Distinct values that are all negative: what a kernel that starts a maximum at zero gets wrong. */
export const negative = (...shape: number[]): InputSpec => ({
  shape,
  values: (i, n) => -0.4 * (((i * coprime(n)) % n) + 1),
});

/** A stride that visits all of n places in a scattered order. */
function coprime(n: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let stride = Math.max(1, Math.round(n * 0.618));
  while (gcd(stride, n) !== 1) stride++;
  return stride;
}
