import type { DataId, Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import { abs, add, div, divNoNan, mul, norm, sub, tidy } from '@tensorflow/tfjs-core';
import { handToScope } from '../autodiff/engine.js';
import type { Linearization } from '../autodiff/linearize.js';
import { stockGradient } from '../autodiff/stock-gradient.js';
import { evaluateTerm, WeightedSum } from '../objectives/linearize-objective.js';
import type { Objective } from '../objectives/objective.js';
import { ParameterLease } from '../objectives/parameter-lease.js';
import type { ParameterSpace } from '../parameters.js';

/**
 * ε^(1/3) for float32: where the truncation error h²‖L⁗‖ of a central difference and the rounding error ε/h of
 * its gradients balance (Gill, Murray & Wright 1981, "Practical Optimization", §8.6).
 */
const relativeStep = Math.cbrt(2 ** -23);

/** Of two steps of about this ratio none is a multiple of the other in float32. */
const OTHER_STEP = 1.3;

/**
 * The Hessian of an objective by central differences of TensorFlow.js's own gradient:
 *
 *     Hv ≈ (∇L(θ + hv) − ∇L(θ − hv)) / 2h,   h = ε^(1/3) (1 + ‖θ‖) / ‖v‖
 *
 * Good to three digits or so where the loss is smooth at the scale of the step; wrong across kinks. It is the
 * way out for losses with an op that cannot be differentiated twice. A product costs two gradients and keeps
 * nothing. The variables are moved meanwhile and put back bit for bit, also when the loss throws.
 */
export class FiniteDifferenceLinearization implements Linearization {
  readonly parameters: ParameterSpace;
  readonly loss: Scalar;
  readonly gradient: Tensor1D;
  private readonly values: DataId[];

  constructor(private readonly objective: Objective) {
    this.parameters = objective.parameters;
    const { loss, gradient } = this.differentiate();
    this.loss = loss;
    this.gradient = gradient;
    this.values = this.parameters.variables.map((variable) => variable.dataId);
  }

  hvp(v: Tensor1D): Tensor1D {
    return this.difference(v, 1);
  }

  /**
   * The gradients at θ ± hv cancel but for hHv, and what they were summed from is not known here: it shows in the change
   * of the difference with the step.
   */
  termsOf(v: Tensor1D): Tensor1D {
    return tidy(() => {
      const change = sub(this.difference(v, 1), this.difference(v, OTHER_STEP));
      const gradient = divNoNan(abs(this.gradient), this.stepFor(v));
      return add<Tensor1D>(gradient, mul(abs(change), 2 ** 23));
    });
  }

  private difference(v: Tensor1D, factor: number): Tensor1D {
    return tidy(() => {
      const theta = this.parameters.read();
      const step = mul(this.stepFor(v), factor);
      const displacement = mul(v, step) as Tensor1D;
      const forward = this.gradientAt(add(theta, displacement));
      const backward = this.gradientAt(sub(theta, displacement));
      return divNoNan(div(sub(forward, backward), 2), step) as Tensor1D;
    });
  }

  private stepFor(v: Tensor1D): Scalar {
    return divNoNan(mul(add(norm(this.parameters.read()), 1), relativeStep), norm(v));
  }

  isCurrent(): boolean {
    return this.parameters.variables.every((variable, i) => variable.dataId === this.values[i]);
  }

  dispose(): void {
    this.loss.dispose();
    this.gradient.dispose();
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
        const part = evaluateTerm(this.objective, () => stockGradient(() => term.loss(), this.parameters));
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
