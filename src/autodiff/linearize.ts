import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { keep, tidy } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, requireArgument, requireThat } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { withoutDerivative } from '../remedies.js';
import { PresentValues } from '../variables.js';
import { withCorrections } from '../tfjs/corrections/execute.js';
import { aliasTensor, handToScope, requireEngine } from '../tfjs/engine.js';
import { Jitter, jitterTerms } from './jitter.js';
import { Recorder } from './recorder.js';
import { requireDifferentiable } from './require-differentiable.js';
import { Sweep } from './sweep.js';
import type { ValueId } from './tape.js';

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
   * product, divided by the rounding unit. What rounding changed in the loss and its gradient counts only where the
   * loss can be evaluated again, as that of an `Objective` can. It costs two products or more.
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

/** A linearization that multiplies variable by variable, for who adds up several of them. */
export interface TermLinearization extends Linearization {
  /**
   * ∇²L(θ) v for a v that has been checked and cut.
   *
   * @param parts v by variable, shaped like it; they stay the caller's
   * @returns for each variable a new tensor, kept and owned by the caller, or null for zeros
   */
  multiply(parts: readonly Tensor[]): (Tensor | null)[];
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
 *
 * Cost: one evaluation and one gradient; memory: the tensors that the gradient's gradient needs.
 *
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * const at = linearize(() => tf.sum(tf.pow(w, tf.scalar(3))), [w]);
 * const hv = at.hvp(tf.tensor1d([1, 1]));
 * hv.print(); // 6 w = [6, 12]
 * at.dispose();
 */
export function linearize(f: () => Tensor, variables: readonly Variable[]): Linearization {
  return linearizeWith(f, variables, 'linearize');
}

/**
 * {@link linearize} for another function, with errors that go into everything from the loss to the products.
 *
 * @param where the public function to name in errors
 * @param jitter the errors; null for none
 */
export function linearizeWith(
  f: () => Tensor,
  variables: readonly Variable[],
  where: string,
  jitter: Jitter | null = null,
): TermLinearization {
  return linearizeBy(f, variables, where, jitter, () => true);
}

/**
 * {@link linearizeWith}, by those of the variables alone that the loss depends on, if only piecewise constantly: the
 * variables for which `tf.variableGrads` has a gradient. They keep their order.
 */
export function linearizeReached(
  f: () => Tensor,
  variables: readonly Variable[],
  where: string,
): TermLinearization {
  return linearizeBy(f, variables, where, null, (gradient) => gradient != null);
}

function linearizeBy(
  f: () => Tensor,
  variables: readonly Variable[],
  where: string,
  jitter: Jitter | null,
  isWanted: (gradient: Tensor | null) => boolean,
): TermLinearization {
  requireEngine(where);
  requireArgument(typeof f === 'function', where, 'a function that returns the loss', f);
  const candidates = parameterSpace(variables, where);
  const recorder = new Recorder({ jitter });
  try {
    let linearization: TermLinearization;
    // Not returned from the tidy, which would take every tensor it can reach for a result.
    tidy(() => {
      linearization = recordGradient(f, candidates, recorder, jitter, where, isWanted);
    });
    return linearization!;
  } catch (error) {
    recorder.dispose();
    throw error;
  }
}

function recordGradient(
  f: () => Tensor,
  candidates: ParameterSpace,
  recorder: Recorder,
  jitter: Jitter | null,
  where: string,
  isWanted: (gradient: Tensor | null) => boolean,
): TermLinearization {
  const variables = candidates.variables as Variable[];
  const data = variables.map(({ dataId }) => dataId);
  const recorded = recorder.record(variables, () => {
    const sources = recorder.sourcesOf(variables);
    const gradients = recorder.gradients(() => requireLoss(f(), recorder, where), variables, null, true);
    return { ...gradients, sources };
  });
  const { value } = recorded;
  const wanted = <T>(list: readonly T[]): T[] => list.filter((_, i) => isWanted(recorded.grads[i]!));
  const [grads, sources] = [wanted(recorded.grads), wanted(recorded.sources)];
  const all = grads.length === variables.length;
  const parameters = all ? candidates : parameterSpace(wanted(variables), where);
  const seedIds = grads.map((grad) => (grad == null ? null : recorder.idOf(grad)));
  const reached = seedIds.filter((id) => id != null);
  const sweep = new Sweep(recorder.nodes, sources, reached);
  recorder.retain(sweep);
  const gradient = parameters.flatten(grads);
  return new TapeLinearization(
    parameters,
    new PresentValues(parameters.variables, wanted(data)),
    // A reference of its own: what the loss returns may be a variable, or held by who wrote it.
    aliasTensor(value) as Scalar,
    keep(gradient),
    sweep,
    seedIds,
    recorder,
    jitter,
    where,
  );
}

class TapeLinearization implements TermLinearization {
  private disposed = false;

  constructor(
    readonly parameters: ParameterSpace,
    private readonly values: PresentValues,
    readonly loss: Scalar,
    readonly gradient: Tensor1D,
    private readonly sweep: Sweep,
    /** The gradient of each variable on the tape; null where the loss does not reach the variable. */
    private readonly seedIds: readonly (ValueId | null)[],
    private readonly recorder: Recorder,
    private readonly jitter: Jitter | null,
    private readonly where: string,
  ) {}

  hvp(v: Tensor1D): Tensor1D {
    return this.product(v, this.jitter);
  }

  termsOf(v: Tensor1D, seed = 0): Tensor1D {
    return tidy(() => jitterTerms(this.product(v, new Jitter(seed)), this.hvp(v)));
  }

  multiply(parts: readonly Tensor[], jitter: Jitter | null = this.jitter): (Tensor | null)[] {
    const seeds = this.seedIds.flatMap((id, i) => (id == null ? [] : [[id, parts[i]!] as const]));
    return withCorrections(() => this.sweep.run(seeds, { jitter }));
  }

  private product(v: Tensor1D, jitter: Jitter | null): Tensor1D {
    requireThat(!this.disposed, `${this.where}.hvp`, 'a live linearization', 'a disposed one');
    requireDifferentiable(`${this.where}.hvp`);
    return tidy(() => {
      const products = this.multiply(this.parameters.unflatten(v), jitter);
      for (const product of products) if (product != null) handToScope(product);
      return this.parameters.flatten(products);
    });
  }

  isCurrent(): boolean {
    return this.values.areCurrent();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.recorder.dispose();
    this.loss.dispose();
    this.gradient.dispose();
  }
}

/** What a loss has returned, if it is a live float32 scalar; throws an error that names `where` otherwise. */
export function requireScalar(value: unknown, where: string): Tensor {
  const expected = 'the loss to be a float32 scalar';
  const tensor = value as Tensor;
  const isScalar = tensor != null && Array.isArray(tensor.shape) && tensor.size === 1 && tensor.rank === 0;
  requireThat(!isScalar || !tensor.isDisposed, where, expected, 'a disposed tensor');
  requireArgument(isScalar && tensor.dtype === 'float32', where, expected, value);
  return tensor;
}

/** The loss, if it is one that depends on what it is differentiated by. */
function requireLoss(value: unknown, recorder: Recorder, where: string): Tensor {
  const tensor = requireScalar(value, where);
  if (!recorder.isTracked(tensor)) {
    throw new CurvatureArgumentError(
      where,
      'a loss that depends on the variables through differentiable operations',
      'a loss that depends on none of them',
      withoutDerivative('the loss'),
    );
  }
  return tensor;
}
