import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import { getBackend } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { Linearization } from '../autodiff/linearize.js';
import { requireFinite } from '../autodiff/finite.js';
import { requireDifferentiable } from '../autodiff/require-differentiable.js';
import { requireEngine } from '../tfjs/engine.js';
import { synchronousRead } from '../tfjs/capabilities.js';
import { linearizeObjective } from '../objectives/linearize-objective.js';
import type { Objective } from '../objectives/objective.js';
import { requireObjective } from '../objectives/objective.js';
import type { Schema } from '../options.js';
import { byDefault, either, flag, number, oneOf, readOptions } from '../options.js';
import type { ParameterSpace } from '../parameters.js';
import { FiniteDifferenceLinearization } from './finite-difference.js';
import type { TermOperator, TermSource } from './magnitude.js';
import { magnitudeOfTerms, termSource } from './magnitude.js';

/** How the products of a {@link HessianOperator} are computed. */
export interface HessianOptions {
  /**
   * `'exact'` (default): double backprop, right to float32 rounding. `'finiteDifference'`: central differences of
   * the gradient, right to about three digits, for losses with an op that cannot be differentiated twice.
   */
  readonly method?: 'exact' | 'finiteDifference';
  /**
   * Whether the tapes of the objective's terms are kept between products. `true`: a product is one backward
   * sweep. `false`: they are rebuilt at each product, which costs one gradient more but holds one tape at a
   * time. A number: as many are kept as fit so many bytes, and one in any case. `'auto'` (default): 512 MiB. Means nothing
   * to finite differences.
   */
  readonly retain?: 'auto' | boolean | number;
}

const schema = {
  method: byDefault(oneOf('exact', 'finiteDifference'), 'exact'),
  retain: byDefault(either(either(oneOf('auto'), flag), number({ from: 0 })), 'auto'),
} satisfies Schema<HessianOptions>;

/**
 * The Hessian H = ∇²L(θ) of an objective as a linear operator on R^n: v ↦ Hv without ever forming H.
 *
 * By double backprop: Hv = ∂/∂θ ⟨∇L(θ), v⟩. H is taken at the present values of the variables; when they have
 * been assigned to, the next use linearizes afresh by itself.
 *
 * Cost: construction, one gradient; a product with tapes kept, 1.1 to 2 gradients, else one more. Memory: the
 * tapes, each no more than what one gradient of its term holds at its peak.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { eigenvalues, eigenvectors } = await lanczos(hessian, { k: 5 });
 * hessian.dispose();
 */
export class HessianOperator implements TermOperator {
  /** θ, the variables that the rows and columns of H belong to. */
  readonly parameters: ParameterSpace;
  /** n, the number of scalar parameters. */
  readonly size: number;
  readonly options: HessianOptions;
  private linearization: Linearization | null = null;
  private disposed = false;

  /**
   * The Hessian of a loss at the present values of its variables, as an operator: exact products, no matrix.
   *
   * @param objective see {@link modelObjective} and {@link lossObjective}
   * @param options see {@link HessianOptions}
   * @throws CurvatureArgumentError if no backend is ready, gradients are not registered, the loss is no finite
   *   float32 scalar or does not depend on the variables
   * @throws DifferentiationError for an op that has no gradient. One that has no second derivative throws at the
   *   first product, names the op and the layer, and says the way out.
   */
  constructor(
    readonly objective: Objective,
    options: HessianOptions = {},
  ) {
    const where = 'HessianOperator';
    requireObjective(objective, where);
    this.options = readOptions(options, schema, where);
    this.parameters = objective.parameters;
    this.size = this.parameters.size;
    this.current('constructor');
  }

  /**
   * L(θ). Reads one scalar from the device, synchronously.
   *
   * @throws CurvatureArgumentError on WebGPU, where that may lose the device: use {@link lossTensor}
   */
  loss(): number {
    requireThat(
      synchronousRead() !== 'forbidden',
      'HessianOperator.loss',
      'a backend that reads synchronously; here: await operator.lossTensor().data()',
      getBackend(),
    );
    return this.current('loss').loss.dataSync()[0]!;
  }

  /** L(θ) as a new scalar that the caller disposes: to be read with `await`, where a synchronous read is a burden. */
  lossTensor(): Scalar {
    return this.current('lossTensor').loss.clone();
  }

  /** ∇L(θ), shape [n]: a new tensor that the caller disposes. */
  gradient(): Tensor1D {
    return this.current('gradient').gradient.clone();
  }

  /**
   * Hv at the present values of the variables.
   *
   * @param v shape [n], float32, finite; stays the caller's
   * @returns a new tensor of shape [n] that the caller disposes
   */
  matvec(v: Tensor1D): Tensor1D {
    const where = 'HessianOperator.matvec';
    requireDifferentiable(where);
    const current = this.current('matvec');
    this.parameters.requireVector(v, where);
    requireFinite(v, where, 'a vector of finite numbers');
    return current.hvp(v);
  }

  /**
   * The size of the terms that products are summed from before they cancel: see `LinearOperator.magnitude`. Costs some
   * four products and one read of the device at the first call after a linearization, nothing at the next.
   */
  magnitude(): number {
    return magnitudeOfTerms(this.size, this.current('magnitude'));
  }

  /** @internal */
  [termSource](): TermSource {
    return this.current('magnitude');
  }

  /**
   * Linearizes afresh. Needed only when something else than the variables has changed, such as the data that a
   * loss closes over: assignments to the variables are noticed.
   */
  refresh(): void {
    this.release();
    this.current('refresh');
  }

  /** Releases the tapes, loss and gradient. Harmless when repeated. */
  dispose(): void {
    this.disposed = true;
    this.release();
  }

  private release(): void {
    this.linearization?.dispose();
    this.linearization = null;
  }

  private current(use: string): Linearization {
    requireThat(!this.disposed, `HessianOperator.${use}`, 'a live operator', 'a disposed one');
    if (this.linearization?.isCurrent() !== true) {
      this.release();
      this.linearization = this.linearize();
    }
    return this.linearization!;
  }

  private linearize(): Linearization {
    const { method, retain = 'auto' } = this.options;
    const where = 'HessianOperator';
    requireEngine(where);
    const linearization =
      method === 'exact'
        ? linearizeObjective(this.objective, retain, where)
        : new FiniteDifferenceLinearization(this.objective);
    try {
      requireFinite(linearization.loss, where, 'a loss that is finite at the present variables');
    } catch (error) {
      linearization.dispose();
      throw error;
    }
    return linearization;
  }
}
