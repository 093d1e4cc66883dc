import type { DataId, Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { keep, tidy } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe, requireArgument } from '../errors.js';
import { ParameterSpace } from '../parameters.js';
import { aliasTensor, requireEngine } from './engine.js';
import { Jitter, jitterTerms } from './jitter.js';
import { Recorder } from './recorder.js';
import type { ValueId } from './tape.js';
import { Sweep } from './tape.js';

/** A loss at one point θ, with its gradient and its second derivative in any direction. */
export interface Linearization {
  /** The variables differentiated by, in order. */
  readonly parameters: ParameterSpace;
  /** L(θ), a float32 scalar. Owned by the linearization. */
  readonly loss: Scalar;
  /** ∇L(θ) of shape [n]. Owned by the linearization. */
  readonly gradient: Tensor1D;
  /**
   * The Hessian-vector product ∇²L(θ) v, from the tape kept at θ: what it costs is one backward sweep over
   * the gradient's tape, 1.1 to 2 times a gradient.
   *
   * @param v shape [n], float32; stays the caller's
   * @returns a new tensor of shape [n] that the caller disposes
   */
  hvp(v: Tensor1D): Tensor1D;
  /**
   * A vector as long as the terms that ∇²L(θ) v is summed from before they cancel: what rounding changes in the
   * product, divided by the rounding unit. It costs two products.
   *
   * @param v shape [n], float32; stays the caller's
   * @param seed of the errors that show them. Default 0
   * @returns a new tensor of shape [n] that the caller disposes
   */
  termsOf(v: Tensor1D, seed?: number): Tensor1D;
  /** Whether the variables still hold the values they had when the loss was linearized. */
  isCurrent(): boolean;
  /** Releases the tape, the loss and the gradient. Harmless when repeated. */
  dispose(): void;
}

/**
 * Linearizes the gradient of a loss at the present values of the variables: evaluates the loss and its
 * gradient once, and keeps what is needed to multiply by the Hessian any number of times.
 *
 * Hv = ∂/∂θ ⟨∇L(θ), v⟩ by reverse differentiation of the recorded gradient (double backprop; Pearlmutter
 * 1994, "Fast Exact Multiplication by the Hessian", gives the same product by forward differentiation).
 *
 * @param f computes the loss, a float32 scalar, from the variables. It is called exactly once, and what it
 *   does besides (metrics, moving averages) happens once.
 * @param variables float32 variables; one that the loss does not reach has a zero gradient
 * @returns the linearization; the caller disposes it
 * @throws CurvatureArgumentError for a loss that is no float32 scalar or does not depend on any variable
 * @throws DifferentiationError for an op without gradient between the variables and the loss
 * Cost: one evaluation and one gradient; memory: the tensors that the gradient's gradient needs.
 */
export function linearize(
  f: () => Tensor,
  variables: readonly Variable[],
  where = 'linearize',
): Linearization {
  requireEngine(where);
  requireArgument(typeof f === 'function', where, 'a function that returns the loss', f);
  const parameters = new ParameterSpace(variables, where);
  const recorder = new Recorder();
  try {
    let linearization: Linearization;
    // Not returned from the tidy, which would take every tensor it can reach for a result.
    tidy(() => {
      linearization = recordGradient(f, parameters, recorder, where);
    });
    return linearization!;
  } catch (error) {
    recorder.dispose();
    throw error;
  }
}

function recordGradient(
  f: () => Tensor,
  parameters: ParameterSpace,
  recorder: Recorder,
  where: string,
): Linearization {
  const sources = parameters.variables as Variable[];
  const { value, grads } = recorder.record(sources, () => {
    const loss = tidy(f);
    requireLoss(loss, recorder, where);
    return recorder.gradients(() => loss, sources, null, true);
  });
  const seedIds = grads.map((grad) => (grad == null ? null : recorder.idOf(grad)));
  const reached = seedIds.filter((id) => id != null);
  const sweep = new Sweep(recorder.nodes, sources, reached);
  recorder.retain(sweep);
  return new TapeLinearization(
    parameters,
    keep(value as Scalar),
    keep(parameters.flatten(grads)),
    sweep,
    seedIds,
    recorder,
    where,
  );
}

class TapeLinearization implements Linearization {
  private readonly values: DataId[];
  private disposed = false;

  constructor(
    readonly parameters: ParameterSpace,
    readonly loss: Scalar,
    readonly gradient: Tensor1D,
    private readonly sweep: Sweep,
    /** The gradient of each variable on the tape; null where the loss does not reach the variable. */
    private readonly seedIds: readonly (ValueId | null)[],
    private readonly recorder: Recorder,
    private readonly where: string,
  ) {
    this.values = parameters.variables.map((variable) => variable.dataId);
  }

  hvp(v: Tensor1D): Tensor1D {
    if (this.disposed) {
      throw new CurvatureArgumentError(`${this.where}.hvp`, 'a live linearization', 'a disposed one');
    }
    return this.multiply(v, null);
  }

  termsOf(v: Tensor1D, seed = 0): Tensor1D {
    return tidy(() => jitterTerms(this.multiply(v, new Jitter(seed)), this.hvp(v)));
  }

  private multiply(v: Tensor1D, jitter: Jitter | null): Tensor1D {
    return tidy(() => {
      const parts = this.parameters.unflatten(v);
      const seeds = this.seedIds.flatMap((id, i) => (id == null ? [] : [[id, parts[i]!] as const]));
      const products = this.sweep.run(seeds, aliasTensor, jitter);
      const product = this.parameters.flatten(products);
      for (const part of products) part?.dispose();
      return product;
    });
  }

  isCurrent(): boolean {
    return this.parameters.variables.every((variable, i) => variable.dataId === this.values[i]);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.recorder.dispose();
    this.loss.dispose();
    this.gradient.dispose();
  }
}

function requireLoss(value: unknown, recorder: Recorder, where: string): void {
  const tensor = value as Tensor;
  const isScalar = tensor != null && Array.isArray(tensor.shape) && tensor.size === 1 && tensor.rank === 0;
  if (isScalar && tensor.isDisposed) {
    throw new CurvatureArgumentError(where, 'the loss to be a float32 scalar', 'a disposed tensor');
  }
  if (!isScalar || tensor.dtype !== 'float32') {
    throw new CurvatureArgumentError(where, 'the loss to be a float32 scalar', describe(value));
  }
  if (!recorder.isTracked(tensor)) {
    throw new CurvatureArgumentError(
      where,
      'a loss that depends on the variables through differentiable operations',
      'a loss that depends on none of them',
    );
  }
}
