import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { divNoNan, tidy } from '@tensorflow/tfjs-core';
import { aliasTensor, handToScope } from '../tfjs/engine.js';
import { Jitter, jitterTerms } from '../autodiff/jitter.js';
import type { Linearization } from '../autodiff/linearize.js';
import { linearizeWith, requireScalar } from '../autodiff/linearize.js';
import { stockGradient } from '../autodiff/stock-gradient.js';
import { withTrustedGradients } from '../autodiff/trusted-gradients.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import { WeightedSum } from '../objectives/weighted-sum.js';
import type { Objective } from '../objectives/objective.js';
import { ParameterLease } from '../objectives/parameter-lease.js';
import { DifferentiationError } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { PresentValues } from '../variables.js';
import type { DirectionalDifference } from './gradient-differences.js';
import { GradientDifferences } from './gradient-differences.js';

/**
 * The Hessian of an objective by differences of its gradient, TensorFlow.js's own where it is right, else that of the
 * tape, at steps chosen for each direction: see {@link GradientDifferences}.
 *
 * Good to 1e-3 and better where the loss is smooth, to 1e-2 or so where it has kinks and a step fits between them. Of many
 * kinks (a net of ReLUs on many examples has one for each unit and example) none does: what a step crosses counts as
 * curvature then, which the exact product leaves out. It is the way out for losses with an op that cannot be
 * differentiated twice. A product costs four gradients, ten where steps do not agree, and keeps nothing. The variables
 * are moved meanwhile and put back bit for bit, also when the loss throws.
 */
export class FiniteDifferenceLinearization implements Linearization {
  readonly parameters: ParameterSpace;
  readonly loss: Scalar;
  readonly gradient: Tensor1D;
  private readonly values: PresentValues;
  private readonly differences: GradientDifferences;

  constructor(private readonly objective: Objective) {
    this.parameters = objective.parameters;
    const { loss, gradient } = this.differentiate();
    this.loss = loss;
    this.gradient = gradient;
    this.values = new PresentValues(this.parameters.variables);
    this.differences = new GradientDifferences(gradient, (theta) => this.gradientAt(theta));
  }

  hvp(v: Tensor1D): Tensor1D {
    return tidy(() => this.along(v).product);
  }

  /** Hv with what is known of its error, in tensors of the innermost `tf.tidy`. */
  along(v: Tensor1D): DirectionalDifference {
    return this.differences.along(this.parameters.read(), v);
  }

  /**
   * The terms that the gradient is summed from, by the step: the gradients at θ ± hv cancel but for hHv. What a kink
   * between them adds is no rounding, and does not count. Cost: for each term of the objective two gradients on the tape;
   * none where the tape cannot record the loss, of which the terms are then taken to be as long as its gradient.
   */
  termsOf(v: Tensor1D, seed = 0): Tensor1D {
    return tidy(() => {
      const step = this.differences.stepOfRounding(this.parameters.read(), v);
      return divNoNan<Tensor1D>(this.termsOfGradient(seed), step);
    });
  }

  isCurrent(): boolean {
    return this.values.areCurrent();
  }

  dispose(): void {
    this.loss.dispose();
    this.gradient.dispose();
  }

  private termsOfGradient(seed: number): Tensor1D {
    const jitter = new Jitter(seed);
    const sum = new WeightedSum<Tensor1D>();
    try {
      for (const term of this.objective.terms) {
        const [disturbed, exact] = [jitter, null].map((errors) => {
          const part = evaluateTerm(this.objective, () =>
            tapeGradient(() => term.loss(), this.parameters, errors),
          );
          part.loss.dispose();
          handToScope(part.gradient);
          return part.gradient;
        });
        sum.add(term.weight, jitterTerms(disturbed!, exact!));
      }
    } catch (error) {
      sum.dispose();
      if (error instanceof DifferentiationError) return this.gradient;
      throw error;
    }
    const terms = sum.take();
    handToScope(terms);
    return terms;
  }

  private gradientAt(theta: Tensor1D): Tensor1D {
    const lease = new ParameterLease(this.parameters, 'HessianOperator.matvec', 'exclusive');
    try {
      lease.enter();
      this.parameters.write(theta);
      const { loss, gradient } = this.differentiate();
      loss.dispose();
      handToScope(gradient);
      return gradient;
    } finally {
      lease.release();
    }
  }

  private differentiate(): { loss: Scalar; gradient: Tensor1D } {
    const loss = new WeightedSum<Scalar>();
    const gradient = new WeightedSum<Tensor1D>();
    try {
      for (const term of this.objective.terms) {
        const part = evaluateTerm(this.objective, () => gradientOf(() => term.loss(), this.parameters));
        try {
          loss.add(term.weight, part.loss);
        } catch (error) {
          part.gradient.dispose();
          throw error;
        }
        gradient.add(term.weight, part.gradient);
      }
      return { loss: loss.take(), gradient: gradient.take() };
    } catch (error) {
      loss.dispose();
      gradient.dispose();
      throw error;
    }
  }
}

/**
 * L and ∇L, by TensorFlow.js where that is right, else by the tape; by TensorFlow.js also where the tape does not take what it
 * does, as a custom gradient that leaves out a tensor.
 */
function gradientOf(f: () => Tensor, parameters: ParameterSpace): { loss: Scalar; gradient: Tensor1D } {
  const differentiate = () => stockGradient(() => requireScalar(f(), 'HessianOperator'), parameters);
  try {
    return withTrustedGradients(differentiate);
  } catch (error) {
    if (!(error instanceof DifferentiationError) || error.order > 1) throw error;
    try {
      return differentiate();
    } catch {
      throw error;
    }
  }
}

/** L and ∇L by the tape, which is not kept. @param jitter errors that go into both */
function tapeGradient(
  f: () => Tensor,
  { variables }: ParameterSpace,
  jitter: Jitter | null = null,
): { loss: Scalar; gradient: Tensor1D } {
  const linearization = linearizeWith(f, variables, 'HessianOperator', jitter);
  const loss = aliasTensor(linearization.loss) as Scalar;
  const gradient = aliasTensor(linearization.gradient) as Tensor1D;
  linearization.dispose();
  return { loss, gradient };
}
