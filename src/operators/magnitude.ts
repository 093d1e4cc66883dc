import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { divNoNan, keep, maximum, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { synchronousRead } from '../tfjs/capabilities.js';
import { SeededRandom } from '../random.js';
import { euclideanNorm } from '../rows.js';
import type { LinearOperator } from './linear-operator.js';
import { productOf } from './linear-operator.js';

/** The terms of the products by an operator as it stands now: another object once it has changed. */
export interface TermSource {
  /** A vector [n] as long as the terms that Av is summed from before they cancel, owned by the caller. */
  termsOf(v: Tensor1D, seed?: number): Tensor1D;
}

/** Hands out the {@link TermSource} of an operator that knows one; `subset` asks for it. */
export const termSource: unique symbol = Symbol('tfjs-curvature.termSource');

/** An operator that knows the terms of its products. */
export interface TermOperator extends LinearOperator {
  [termSource]?(): TermSource | null;
}

/** An operator of any kind that may know the size of its terms, at once or later. */
export interface WithMagnitude {
  magnitude?(): number | Promise<number>;
}

const known = new WeakMap<object, number>();

/**
 * A number of an operator that is measured on the device, once for each `key`.
 *
 * @param key what the number belongs to and lives as long as
 * @param measure computes it; a number that is not finite counts as 0, which is as good as not knowing
 * @returns the number; NaN for as long as it is on its way from a device that cannot be read at once
 */
export function measuredOnce(key: object, measure: () => Tensor): number {
  const present = known.get(key);
  if (present !== undefined) return present;
  const scalar = tidy(() => keep(measure()));
  const take = (values: ArrayLike<number> | null): void => {
    scalar.dispose();
    known.set(key, values != null && Number.isFinite(values[0]) ? values[0]! : 0);
  };
  if (synchronousRead() === 'free') take(scalar.dataSync());
  else {
    known.set(key, NaN);
    void scalar.data().then(take, () => take(null));
  }
  return known.get(key)!;
}

/**
 * The length of the terms of Av for the unit vector v that makes most of them, by two steps of power iteration on the
 * terms from a random vector. Cost: that of two times the terms.
 */
export function magnitudeOfTerms(size: number, source: TermSource): number {
  return magnitudeOfSteps(source, size, [(v) => source.termsOf(v, 1), (v) => source.termsOf(v, 2)]);
}

/**
 * The length of the terms that two products in turn are summed from, each of a unit vector.
 *
 * @param key see {@link measuredOnce}
 * @param size of the random vector to begin with
 * @param termsOf the terms of the first product, and those of the second, which is applied to them
 */
export function magnitudeOfSteps(
  key: object,
  size: number,
  [first, second]: readonly [(v: Tensor1D) => Tensor1D, (v: Tensor1D) => Tensor1D],
): number {
  return measuredOnce(key, () => {
    const start = tensor1d(new SeededRandom(0).fillNormal(new Float32Array(size)));
    const one = first(unit(start));
    const other = second(unit(one));
    return maximum(euclideanNorm([one]), euclideanNorm([other]));
  });
}

/** What an operator says of its magnitude; where it says nothing, the size of its products. */
export function magnitudeOf(operator: LinearOperator): number {
  if (operator.magnitude != null) return operator.magnitude();
  return magnitudeOfTerms(operator.size, productTerms(operator));
}

/**
 * What is zero to rounding among the products of unit vectors: 1e-6 of the magnitude that an operator has, ten times
 * what float32 rounds off its terms.
 */
export const ZERO_SHARE = 1e-6;

/** How often a magnitude is asked for while it is on its way from the device. */
export const MOST_TURNS = 10_000;

/** A moment in which what is on its way from the device may arrive; resolves to nothing of interest. */
export function pause(): Promise<Float32Array> {
  return new Promise((resolve) => setTimeout(() => resolve(new Float32Array(1)), 1));
}

/** {@link magnitudeOf} for who can wait. */
export async function knownMagnitude(operator: LinearOperator): Promise<number> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const magnitude = magnitudeOf(operator);
    if (!Number.isNaN(magnitude)) return magnitude;
    await pause();
  }
  return 0;
}

/** Products in place of the terms they are made of. */
function productTerms(operator: LinearOperator): TermSource {
  let source = sources.get(operator);
  if (source == null) {
    source = { termsOf: (v) => productOf(operator, v) };
    sources.set(operator, source);
  }
  return source;
}

const sources = new WeakMap<LinearOperator, TermSource>();

/** v/‖v‖, or zeros for zeros. */
function unit(v: Tensor1D): Tensor1D {
  return divNoNan(v, euclideanNorm([v]));
}
