import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import { FLOAT32_EPSILON } from '../float32.js';
import type { AnyOperator } from '../operators/async-operator.js';
import { LanczosFactorization } from './lanczos-factorization.js';
import { solveProjected } from './projected-eigenproblem.js';
import { SymmetryWatch } from './require-symmetric.js';

/** f(T)e₁ for the tridiagonal matrix T of a Lanczos run, as it stands. */
export interface FunctionOfMatrix {
  /** f(T)e₁; its first entry is the Gauss quadrature of the start vector. */
  readonly coefficients: Float64Array;
  /** What rounding of the products, some 2⁻²³‖A‖, may change in them: much where f grows toward the edge of its domain. */
  readonly rounding: number;
  /** The same of the first entry. */
  readonly roundingOfFirst: number;
}

/** Of so many steps one is looked at: an eigenproblem of the projected matrix costs m³ on the host. */
const LOOK_SHARE = 1 / 8;

/** Lanczos from one vector, for functions of an operator: f(A)v ≈ ‖v‖ V f(T)e₁. */
export class KrylovFunction {
  readonly factorization: LanczosFactorization;
  private readonly symmetry: SymmetryWatch;
  private nextLook = 1;

  /**
   * @param f is asked for the eigenvalues of A + δI
   * @param damping δ
   * @param most steps at most
   */
  constructor(
    operator: AnyOperator,
    private readonly f: (lambda: number) => number,
    private readonly damping: number,
    private readonly most: number,
    where: string,
  ) {
    this.factorization = new LanczosFactorization(operator);
    this.symmetry = new SymmetryWatch(operator, where);
  }

  /** Steps taken. */
  get size(): number {
    return this.factorization.processed.length;
  }

  /** Products spent: one for each step, for one that was not finite, and for one that was taken again. */
  get numMatvecs(): number {
    return this.factorization.numMatvecs;
  }

  /** Whether the space is invariant: f(T)e₁ is right but for rounding. */
  get isExact(): boolean {
    return this.factorization.pending.length === 0;
  }

  /** Whether no step may follow. */
  get isOver(): boolean {
    return this.isExact || this.size >= this.most;
  }

  /**
   * Goes on to the next step that is to be looked at.
   *
   * @param onProduct called after each product
   * @returns false where a product is not finite
   */
  *advance(onProduct: () => void): SolverSteps<boolean> {
    const { factorization } = this;
    do {
      if ((yield* factorization.extend()) === 'nonFinite') return false;
      yield* this.symmetry.observe(factorization.asymmetry, factorization.norm);
      onProduct();
    } while (!this.isOver && this.size < this.nextLook);
    this.nextLook = this.size + Math.max(1, Math.floor(LOOK_SHARE * this.size));
    return true;
  }

  /** f(T)e₁; null where f is undefined at a Ritz value. */
  evaluate(): FunctionOfMatrix | null {
    const { factorization, f, damping } = this;
    const { values, vectors } = solveProjected(factorization, 'SA', 0);
    const coefficients = new Float64Array(values.length);
    const step = FLOAT32_EPSILON * (factorization.norm + Math.abs(damping));
    let [square, first] = [0, 0];
    for (const [j, vector] of vectors.entries()) {
      const lambda = values[j]! + damping;
      const value = f(lambda);
      if (!Number.isFinite(value)) return null;
      for (let i = 0; i < vector.length; i++) coefficients[i]! += vector[i]! * value * vector[0]!;
      const changes = [-step, step].map((way) => Math.abs(valueToward(f, lambda, lambda + way) - value));
      const error = Math.max(FLOAT32_EPSILON * Math.abs(value), ...changes);
      square += (vector[0]! * error) ** 2;
      first += vector[0]! ** 2 * error;
    }
    return { coefficients, rounding: Math.sqrt(square), roundingOfFirst: first };
  }

  dispose(): void {
    this.factorization.dispose();
  }

  /** Begins with a vector that is not zero; it is disposed. */
  *start(vector: Tensor1D): SolverSteps<void> {
    yield* this.factorization.include(vector);
  }
}

/** f at another point or, where it is not finite there, as near to the edge of its domain as halving the way shows. */
function valueToward(f: (lambda: number) => number, lambda: number, other: number): number {
  const value = f(other);
  if (Number.isFinite(value)) return value;
  let inside = lambda;
  for (let i = 1; i <= 40; i++) {
    const further = inside + (other - lambda) / 2 ** i;
    if (Number.isFinite(f(further))) inside = further;
  }
  return f(inside);
}

/** Over so many of the steps the iterates are seen to settle. */
const WINDOW_SHARE = 1 / 3;

/** Fewer products say nothing of how the iterates settle: they may not have met the smaller part of the spectrum yet. */
export const FEWEST_PRODUCTS = 5;

/**
 * By how much the estimate is raised, and what it counts at least of the last change. Chosen so that a run that stops at a
 * tolerance of 1e-2 or 1e-4 is within it for exp, log and λ^(-1/2) on spectra from flat to condition number 1e5. A run that
 * ends far from its tolerance may say a twentieth of its error: what no Ritz value has come near to does not show.
 */
const [SAFETY, LEAST_SHARE] = [3, 0.3];

/**
 * How far the iterates of a run are from their limit: their change over the last third of the steps, continued as a
 * geometric series with its ratio to the change over the third before. So one that moves by little because it is slow is
 * not taken for one that has arrived.
 */
export class Settling {
  private readonly terms: { readonly size: number; readonly term: ArrayLike<number> }[] = [];

  /**
   * Takes up the iterate after so many steps; entries that earlier ones lack count as zeros there.
   *
   * @returns the distance from the limit; Infinity where nothing can be said
   */
  add(size: number, term: ArrayLike<number>): number {
    const window = Math.ceil(WINDOW_SHARE * size);
    const middle = this.at(size - window);
    const first = this.at(size - 2 * window);
    this.terms.push({ size, term });
    if (size < FEWEST_PRODUCTS || middle == null || first == null) return Infinity;
    const change = distance(term, middle);
    const ratio = change === 0 ? 0 : change / distance(middle, first);
    return ratio < 1 ? SAFETY * change * Math.max(LEAST_SHARE, ratio / (1 - ratio)) : Infinity;
  }

  /** The last iterate of no more steps than that. */
  private at(size: number): ArrayLike<number> | null {
    return this.terms.filter((other) => other.size <= size).at(-1)?.term ?? null;
  }
}

function distance(longer: ArrayLike<number>, shorter: ArrayLike<number>): number {
  return Math.hypot(...Array.from(longer, (x, i) => x - (shorter[i] ?? 0)));
}
