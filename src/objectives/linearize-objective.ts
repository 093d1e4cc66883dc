import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { memory, tidy } from '@tensorflow/tfjs-core';
import { aliasTensor, handToScope } from '../tfjs/engine.js';
import type { Linearization, TermLinearization } from '../autodiff/linearize.js';
import { Jitter, jitterTerms } from '../autodiff/jitter.js';
import { linearizeWith } from '../autodiff/linearize.js';
import { CurvatureArgumentError } from '../errors.js';
import type { LossTerm, Objective } from './objective.js';
import { withoutSideEffects } from '../tfjs/patches.js';
import { PresentValues } from '../variables.js';
import { sumOverTerms, WeightedSum } from './weighted-sum.js';

/**
 * Bytes of tapes that `retain: 'auto'` keeps: half of what a 32-bit WASM heap comfortably holds beside the
 * model and the data.
 */
export const autoRetainBytes: number = 512 * 2 ** 20;

/**
 * Linearizes L = Σ_b w_b L_b, term by term, without side effects.
 *
 * @param retain whether the tape of each term is kept between products (a product is then one backward sweep)
 *   or rebuilt at each (one more gradient). A number of bytes keeps the first and as many more as fit; `'auto'` is
 *   {@link autoRetainBytes}.
 * @returns the weighted sum of the linearizations; the caller disposes it
 */
export function linearizeObjective(
  objective: Objective,
  retain: 'auto' | boolean | number,
  where: string,
): Linearization {
  return new WeightedLinearization(objective, new RetentionBudget(retain), where);
}

/**
 * Evaluates a term with nothing of the user's disturbed.
 *
 * @throws CurvatureArgumentError if a variable has been disposed since the objective was made
 */
export function evaluateTerm<T>(
  objective: Pick<Objective, 'parameters' | 'source' | 'evaluate'>,
  f: () => T,
): T {
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

  /** Σ w_b of what `f` makes of the linearization of each term. */
  private sumOf(
    v: Tensor1D,
    f: (linearization: TermLinearization, parts: readonly Tensor[], term: LossTerm) => (Tensor | null)[],
  ): Tensor1D {
    if (this.loss.isDisposed) {
      throw new CurvatureArgumentError(`${this.where}.matvec`, 'a live operator', 'a disposed one');
    }
    return sumOverTerms(this.parameters, v, this.objective.terms, (term, parts, t) => {
      const kept = this.kept[t];
      const linearization = kept ?? this.linearizeTerm(term);
      try {
        return f(linearization, parts, term);
      } finally {
        if (kept == null) linearization.dispose();
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

  private readonly retain: boolean | number;

  constructor(retain: 'auto' | boolean | number) {
    this.retain = retain === 'auto' ? autoRetainBytes : retain;
  }

  /** Whether a tape of so many bytes may stay. The first always does: a product needs that memory anyway. */
  allows(bytes: number): boolean {
    if (typeof this.retain === 'boolean') return this.retain;
    if (this.used > 0 && this.used + bytes > this.retain) return false;
    this.used += bytes;
    return true;
  }
}
