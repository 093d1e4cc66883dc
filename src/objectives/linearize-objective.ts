import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { add, keep, memory, mul, tidy } from '@tensorflow/tfjs-core';
import { aliasTensor, handToScope } from '../tfjs/engine.js';
import type { Linearization, TermLinearization } from '../autodiff/linearize.js';
import { Jitter, jitterTerms } from '../autodiff/jitter.js';
import { linearizeWith } from '../autodiff/linearize.js';
import { CurvatureArgumentError } from '../errors.js';
import type { LossTerm, Objective } from './objective.js';
import { withoutSideEffects } from '../tfjs/patches.js';
import { PresentValues } from '../variables.js';

/**
 * Bytes of tapes that `retain: 'auto'` keeps: half of what a 32-bit WASM heap comfortably holds beside the
 * model and the data.
 */
export const autoRetainBytes: number = 512 * 2 ** 20;

/**
 * Linearizes L = Σ_b w_b L_b, term by term, without side effects.
 *
 * @param retain whether the tape of each term is kept between products (a product is then one backward sweep)
 *   or rebuilt at each (one more gradient). `'auto'` keeps the first and as many more as fit
 *   `budget`.
 * @param budget bytes of tapes, for `'auto'`
 * @returns the weighted sum of the linearizations; the caller disposes it
 */
export function linearizeObjective(
  objective: Objective,
  retain: 'auto' | boolean,
  where: string,
  budget: number = autoRetainBytes,
): Linearization {
  return new WeightedLinearization(objective, new RetentionBudget(retain, budget), where);
}

/**
 * Evaluates a term with nothing of the user's disturbed.
 *
 * @throws CurvatureArgumentError if a variable has been disposed since the objective was made
 */
export function evaluateTerm<T>(objective: Objective, f: () => T): T {
  objective.parameters.requireLive(objective.source);
  return withoutSideEffects(() => objective.evaluate(f));
}

class WeightedLinearization implements Linearization {
  readonly parameters: Objective['parameters'];
  readonly loss: Scalar;
  readonly gradient: Tensor1D;
  /** The kept tapes, by term; null for a term that is linearized anew at each product. */
  private readonly kept: (TermLinearization | null)[] = [];
  private readonly values: PresentValues;

  constructor(
    private readonly objective: Objective,
    budget: RetentionBudget,
    private readonly where: string,
  ) {
    this.parameters = objective.parameters;
    this.values = new PresentValues(this.parameters.variables);
    const loss = new WeightedSum<Scalar>();
    const gradient = new WeightedSum<Tensor1D>();
    try {
      for (const term of objective.terms) {
        const before = memory().numBytes;
        const linearization = this.linearizeTerm(term);
        this.kept.push(linearization);
        loss.add(term.weight, aliasTensor(linearization.loss) as Scalar);
        gradient.add(term.weight, aliasTensor(linearization.gradient) as Tensor1D);
        if (budget.allows(memory().numBytes - before)) continue;
        linearization.dispose();
        this.kept[this.kept.length - 1] = null;
      }
    } catch (error) {
      loss.dispose();
      gradient.dispose();
      this.releaseTapes();
      throw error;
    }
    this.loss = loss.take();
    this.gradient = gradient.take();
  }

  hvp(v: Tensor1D): Tensor1D {
    return this.sumOf(v, (linearization, parts) => linearization.multiply(parts));
  }

  termsOf(v: Tensor1D, seed = 0): Tensor1D {
    // One stream of errors for all batches: what cancels between them is a term, too.
    const jitter = new Jitter(seed);
    return this.sumOf(v, (linearization, parts, term) => {
      const disturbed = this.linearizeTerm(term, jitter);
      try {
        return tidy(() => {
          const [others, exact] = [disturbed, linearization].map((either) => {
            const products = either.multiply(parts);
            for (const product of products) if (product != null) handToScope(product);
            return products;
          });
          return others!.map((other, i) => other && jitterTerms(other, exact![i]!)) as Tensor[];
        });
      } finally {
        disturbed.dispose();
      }
    });
  }

  /**
   * Σ w_b of what `f` makes of the linearization of each term: v is cut into parts once, and the parts of the sum are
   * joined once.
   */
  private sumOf(
    v: Tensor1D,
    f: (linearization: TermLinearization, parts: Tensor[], term: LossTerm) => (Tensor | null)[],
  ): Tensor1D {
    if (this.loss.isDisposed) {
      throw new CurvatureArgumentError(`${this.where}.matvec`, 'a live operator', 'a disposed one');
    }
    const { parameters, objective } = this;
    const sums = parameters.variables.map(() => new WeightedSum<Tensor>());
    return tidy(() => {
      const parts = parameters.unflatten(v);
      try {
        objective.terms.forEach((term, t) => {
          const kept = this.kept[t];
          const linearization = kept ?? this.linearizeTerm(term);
          try {
            addParts(sums, term.weight, f(linearization, parts, term));
          } finally {
            if (kept == null) linearization.dispose();
          }
        });
        return parameters.flatten(sums.map((sum) => sum.present));
      } finally {
        for (const sum of sums) sum.dispose();
      }
    });
  }

  isCurrent(): boolean {
    return this.values.areCurrent();
  }

  dispose(): void {
    this.releaseTapes();
    this.loss.dispose();
    this.gradient.dispose();
  }

  private releaseTapes(): void {
    for (const linearization of this.kept) linearization?.dispose();
    this.kept.length = 0;
  }

  private linearizeTerm(term: LossTerm, jitter: Jitter | null = null): TermLinearization {
    const { variables } = this.parameters;
    return evaluateTerm(this.objective, () =>
      linearizeWith(() => term.loss(), variables, this.where, jitter),
    );
  }
}

/** Decides which tapes are kept. */
class RetentionBudget {
  private used = 0;

  constructor(
    private readonly retain: 'auto' | boolean,
    private readonly bytes: number,
  ) {}

  /** Whether a tape of so many bytes may stay. The first costs nothing: a product needs it at its peak anyway. */
  allows(bytes: number): boolean {
    if (this.retain !== 'auto') return this.retain;
    if (this.used > 0 && this.used + bytes > this.bytes) return false;
    this.used += bytes;
    return true;
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
