import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { requireEngine } from '../tfjs/engine.js';
import { requireFinite } from '../autodiff/finite.js';
import { Jitter, jitterTerms } from '../autodiff/jitter.js';
import type { OutputLinearization } from '../autodiff/linearize-outputs.js';
import { linearizeOutputs } from '../autodiff/linearize-outputs.js';
import { requireDifferentiable } from '../autodiff/require-differentiable.js';
import { requireThat } from '../errors.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { LossTerm, Objective } from '../objectives/objective.js';
import { requireObjective, requireSplits } from '../objectives/objective.js';
import type { OutputSplit } from '../objectives/output-split.js';
import { sumOverTerms } from '../objectives/weighted-sum.js';
import type { ParameterSpace } from '../parameters.js';
import type { TermOperator, TermSource } from './magnitude.js';
import { magnitudeOfTerms, termSource } from './magnitude.js';

/** M, a positive semidefinite matrix on the outputs z of one term. */
export interface OutputMetric {
  /** Mu for u by output: new tensors of the scope it is called in, null for zeros. */
  apply(u: readonly Tensor[]): (Tensor | null)[];
  dispose(): void;
}

/** Makes the metric of one term at its linearized outputs. `jitter`: errors that go into its products. */
export type MetricFactory = (
  split: OutputSplit,
  outputs: readonly Variable[],
  term: number,
  jitter: Jitter | null,
) => OutputMetric;

interface LinearizedTerm {
  readonly weight: number;
  readonly outputs: OutputLinearization;
  readonly metric: OutputMetric;
}

/**
 * Σ_b w_b J_bᵀ M_b J_b with J the Jacobian of a model's outputs: the frame that Gauss-Newton and Fisher
 * matrices share. Linearized when first used and whenever the variables have been assigned to.
 */
export abstract class OutputCurvature implements TermOperator {
  /** θ, the variables that the rows and columns belong to. */
  readonly parameters: ParameterSpace;
  /** n, the number of scalar parameters. */
  readonly size: number;
  private linearized: LinearizedTerm[] | null = null;
  /** Belongs to `linearized`. */
  private terms: TermSource | null = null;
  private disposed = false;

  /**
   * @param where name of the operator for errors
   * @throws CurvatureArgumentError if the objective does not say where its outputs are
   */
  constructor(
    private readonly objective: Objective,
    private readonly makeMetric: MetricFactory,
    private readonly where: string,
  ) {
    requireObjective(objective, where);
    requireSplits(objective, where);
    this.parameters = objective.parameters;
    this.size = this.parameters.size;
    this.current('constructor');
  }

  /** The product at the present values of the variables. v: shape [n]. The caller disposes the new tensor [n]. */
  matvec(v: Tensor1D): Tensor1D {
    requireDifferentiable(`${this.where}.matvec`);
    const terms = this.current('matvec');
    this.parameters.requireVector(v, `${this.where}.matvec`);
    requireFinite(v, `${this.where}.matvec`, 'a vector of finite numbers');
    return this.productOf(terms, v);
  }

  /** The size of the terms that products are summed from before they cancel: see `LinearOperator.magnitude`. */
  magnitude(): number {
    return magnitudeOfTerms(this.size, this[termSource]());
  }

  /** @internal */
  [termSource](): TermSource {
    const terms = this.current('magnitude');
    this.terms ??= {
      termsOf: (v, seed = 0) => {
        const disturbed = this.linearize(new Jitter(seed));
        try {
          return tidy(() => jitterTerms(this.productOf(disturbed, v), this.productOf(terms, v)));
        } finally {
          release(disturbed);
        }
      },
    };
    return this.terms;
  }

  /** Releases the tapes and samples. Harmless when repeated. */
  dispose(): void {
    this.disposed = true;
    this.release();
  }

  /** Σ_b w_b J_bᵀ M_b J_b v. */
  private productOf(terms: readonly LinearizedTerm[], v: Tensor1D): Tensor1D {
    return sumOverTerms(this.parameters, v, terms, ({ outputs, metric }, parts) =>
      tidy(() => outputs.vjp(metric.apply(outputs.jvp(parts))) as Tensor[]),
    );
  }

  private current(use: string): LinearizedTerm[] {
    requireThat(!this.disposed, `${this.where}.${use}`, 'a live operator', 'a disposed one');
    if (this.linearized == null || !this.linearized.every((term) => term.outputs.isCurrent())) {
      this.release();
      requireEngine(this.where);
      this.linearized = this.linearize(null);
    }
    return this.linearized;
  }

  private linearize(jitter: Jitter | null): LinearizedTerm[] {
    const linearized: LinearizedTerm[] = [];
    try {
      this.objective.terms.forEach((term, i) => linearized.push(this.linearizeTerm(term, i, jitter)));
      return linearized;
    } catch (error) {
      release(linearized);
      throw error;
    }
  }

  private linearizeTerm(term: LossTerm, index: number, jitter: Jitter | null): LinearizedTerm {
    const split = term.split!;
    return evaluateTerm(this.objective, () => {
      const outputs = linearizeOutputs(() => split.outputs(), this.parameters, this.where, jitter);
      try {
        const metric = this.makeMetric(split, outputs.outputs, index, jitter);
        return { weight: term.weight, outputs, metric };
      } catch (error) {
        outputs.dispose();
        throw error;
      }
    });
  }

  private release(): void {
    release(this.linearized ?? []);
    this.linearized = null;
    this.terms = null;
  }
}

function release(terms: readonly LinearizedTerm[]): void {
  for (const { outputs, metric } of terms) {
    outputs.dispose();
    metric.dispose();
  }
}
