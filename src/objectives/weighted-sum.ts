import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { add, keep, mul, tidy } from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../parameters.js';
import { cutByVariable } from '../parameters.js';

/** Σ w_i x_i on the device, in one kept tensor. */
export class WeightedSum<T extends Tensor> {
  private sum: T | null = null;

  /** The sum so far, which stays its own; null before anything was added. */
  get present(): T | null {
    return this.sum;
  }

  /** Adds w·x and takes x over, also where that fails. */
  add(weight: number, x: T): void {
    const { sum } = this;
    if (sum == null && weight === 1) {
      this.sum = keep(x);
      return;
    }
    try {
      const next = tidy(() => {
        const term = weight === 1 ? x : (mul(x, weight) as T);
        return sum == null ? term : (add(sum, term) as T);
      });
      this.sum = keep(next);
    } finally {
      x.dispose();
    }
    sum?.dispose();
  }

  /** The sum, kept: it lives until it is disposed. */
  take(): T {
    const sum = this.sum!;
    this.sum = null;
    return sum;
  }

  dispose(): void {
    this.sum?.dispose();
    this.sum = null;
  }
}

/**
 * Σ_t w_t A_t v for the terms t of an objective. v is cut by variable once, and the parts of the sum are joined once.
 *
 * @param v shape [n], checked
 * @param multiply A_t v by variable from v by variable: new tensors, kept, null for zeros
 * @returns a new tensor [n], owned by the caller
 */
export function sumOverTerms<T extends { readonly weight: number }>(
  parameters: ParameterSpace,
  v: Tensor1D,
  terms: readonly T[],
  multiply: (term: T, parts: readonly Tensor[], t: number) => (Tensor | null)[],
): Tensor1D {
  return tidy(() => {
    const parts = cutByVariable(parameters, v);
    return sumOfParts(parameters, terms, (term, t) => multiply(term, parts, t));
  });
}

/**
 * Σ_t w_t x_t for the terms t of an objective.
 *
 * @param partsOf x_t by variable: new tensors, kept, null for zeros
 * @returns a new tensor [n], owned by the caller
 */
export function sumOfParts<T extends { readonly weight: number }>(
  parameters: ParameterSpace,
  terms: readonly T[],
  partsOf: (term: T, t: number) => (Tensor | null)[],
): Tensor1D {
  const sums = parameters.variables.map(() => new WeightedSum<Tensor>());
  try {
    terms.forEach((term, t) => addParts(sums, term.weight, partsOf(term, t)));
    return parameters.flatten(sums.map((sum) => sum.present));
  } finally {
    for (const sum of sums) sum.dispose();
  }
}

/** Adds w·x by variable and takes x over, also where that fails. */
function addParts(sums: readonly WeightedSum<Tensor>[], weight: number, parts: (Tensor | null)[]): void {
  let added = 0;
  try {
    for (const sum of sums) {
      const part = parts[added++];
      if (part != null) sum.add(weight, part);
    }
  } finally {
    for (const part of parts.slice(added)) part?.dispose();
  }
}
