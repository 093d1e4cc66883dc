import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { concat, reshape, slice, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireFinite } from '../autodiff/finite.js';
import { Jitter, jitterTerms } from '../autodiff/jitter.js';
import type { OutputLinearization } from '../autodiff/linearize-outputs.js';
import { linearizeOutputs } from '../autodiff/linearize-outputs.js';
import { requireDifferentiable } from '../autodiff/require-differentiable.js';
import { requireThat } from '../errors.js';
import { examplesOf } from '../objectives/examples-of-outputs.js';
import type { TensorsByName } from '../objectives/batches.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import { sumOfParts } from '../objectives/weighted-sum.js';
import type { ParameterSpace } from '../parameters.js';
import { cutByVariable, requireVector } from '../parameters.js';
import { requireEngine } from '../tfjs/engine.js';
import type { JacobianOptions, OutputSource } from './jacobian-source.js';
import { sourceOf } from './jacobian-source.js';
import { magnitudeOfSteps } from './magnitude.js';
import type { RectangularOperator } from './rectangular-operator.js';
import { joinRows, splitRows } from './residual-metrics.js';

const where = 'JacobianOperator';

/** Rows of J: those of some examples. */
interface Rows {
  readonly linearization: OutputLinearization;
  readonly weight: 1;
  /** The first of them. */
  readonly first: number;
  readonly count: number;
  readonly examples: number;
}

/**
 * The Jacobian J = ∂z/∂θ of a model's outputs for some examples as a linear operator from R^n to R^m: v ↦ Jv and u ↦ Jᵀu,
 * without ever forming J. The columns belong to the trainable weights θ in the order of `parameters`, n of them. The rows belong to
 * the numbers that the model puts out: row i·c + j to number j of the c that it puts out for example i, those of several outputs one
 * after another, in the order of `model.outputs`.
 *
 * z is what the model puts out, probabilities where its last layer is a softmax; for logits give the function that computes
 * them. Layers run as in `model.predict`, or as in training (`training: true`). An output that no trainable weight enters has rows
 * of zeros. Frozen weights have no columns. J is taken at the present values of the weights; when they have been assigned to, the
 * next use linearizes afresh by itself.
 *
 * Cost: construction, one gradient; Jv and Jᵀu one backward sweep each, about half a gradient to one (Townsend 2017, "A new trick
 * for calculating Jacobian vector products", for Jv). Memory: the tapes of all batches.
 *
 * @example
 * const jacobian = new JacobianOperator(model, xs);
 * const [m, n] = jacobian.shape; // 24 examples of 3 outputs, 43 weights: [72, 43]
 * const v = tf.ones([n]) as tf.Tensor1D;
 * const change = jacobian.matvec(v); // of the outputs, to first order, where θ goes to θ + v
 * jacobian.dispose();
 */
export class JacobianOperator implements RectangularOperator {
  /** θ, the variables that the columns belong to. */
  readonly parameters: ParameterSpace;
  /** [m, n]: numbers that the model puts out, and parameters. */
  readonly shape: readonly [m: number, n: number];
  private readonly source: OutputSource;
  private linearized: Rows[] | null;
  private disposed = false;

  /**
   * The Jacobian of a model.
   *
   * @param model any LayersModel or Sequential, with one or several inputs and outputs
   * @param xs inputs, one tensor or one per input, as `modelObjective` takes them; they stay the caller's and must outlive the use
   * @param options see {@link JacobianOptions}
   * @throws CurvatureArgumentError for inputs that do not fit the model, a model without trainable weights, outputs that are not
   *   float32 or none of which depends on the weights, or an option out of range
   */
  constructor(model: LayersModel, xs: TensorsByName, options?: JacobianOptions);
  /**
   * The Jacobian of any function of some variables, as the logits of a model.
   *
   * @param outputs computes z, one float32 tensor or several of which the first axis counts examples; a scalar is that of one
   *   example. It is called anew at every linearization, as a loss of `lossObjective` is
   * @param variables the variables to differentiate by
   */
  constructor(outputs: () => Tensor | Tensor[], variables: readonly Variable[]);
  constructor(
    modelOrOutputs: LayersModel | (() => Tensor | Tensor[]),
    xsOrVariables: TensorsByName | readonly Variable[],
    options?: JacobianOptions,
  ) {
    this.source = sourceOf(modelOrOutputs, xsOrVariables, options, where);
    this.parameters = this.source.parameters;
    requireEngine(where);
    this.linearized = this.linearize(null);
    this.shape = [rowsOf(this.linearized), this.parameters.size];
  }

  /**
   * Jv at the present values of the variables: how the outputs change, to first order, along v.
   *
   * @param v shape [n], float32, finite; stays the caller's
   * @returns a new tensor of shape [m] that the caller disposes
   */
  matvec(v: Tensor1D): Tensor1D {
    requireDifferentiable(`${where}.matvec`);
    const rows = this.current('matvec');
    this.parameters.requireVector(v, `${where}.matvec`);
    requireFinite(v, `${where}.matvec`, 'a vector of finite numbers');
    return this.imageOf(rows, v);
  }

  /**
   * Jᵀu at the present values of the variables: the gradient of ⟨z, u⟩.
   *
   * @param u shape [m], float32, finite; stays the caller's
   * @returns a new tensor of shape [n] that the caller disposes
   */
  rmatvec(u: Tensor1D): Tensor1D {
    requireDifferentiable(`${where}.rmatvec`);
    const rows = this.current('rmatvec');
    requireVector(u, this.shape[0], `${where}.rmatvec`);
    requireFinite(u, `${where}.rmatvec`, 'a vector of finite numbers');
    return this.adjointImageOf(rows, u);
  }

  /**
   * The size of the terms that products are summed from before they cancel: see `LinearOperator.magnitude`. Costs a gradient, two
   * products of each kind and one read of the device at the first call after a linearization, nothing at the next.
   */
  magnitude(): number {
    const rows = this.current('magnitude');
    const terms = (product: (rows: readonly Rows[]) => Tensor1D, seed: number): Tensor1D => {
      const disturbed = this.linearize(new Jitter(seed));
      try {
        return tidy(() => jitterTerms(product(disturbed), product(rows)));
      } finally {
        release(disturbed);
      }
    };
    return magnitudeOfSteps(rows, this.shape[1], [
      (v) => terms((of) => this.imageOf(of, v), 1),
      (u) => terms((of) => this.adjointImageOf(of, u), 2),
    ]);
  }

  /**
   * Linearizes afresh. Needed only when something else than the variables has changed, such as the data that a function of your
   * own closes over: assignments to the variables are noticed.
   */
  refresh(): void {
    this.release();
    this.current('refresh');
  }

  /** Releases the tapes. Harmless when repeated. */
  dispose(): void {
    this.disposed = true;
    this.release();
  }

  private imageOf(rows: readonly Rows[], v: Tensor1D): Tensor1D {
    return tidy(() => {
      const parts = cutByVariable(this.parameters, v);
      const images = rows.map(({ linearization, examples, count }) =>
        reshape(joinRows(linearization.jvp(parts), examples), [count]),
      );
      return images.length === 1 ? images[0]! : concat(images);
    }) as Tensor1D;
  }

  private adjointImageOf(rows: readonly Rows[], u: Tensor1D): Tensor1D {
    return sumOfParts(this.parameters, rows, ({ linearization, first, count, examples }) =>
      tidy(() => {
        const own = reshape(slice(u, [first], [count]), [examples, count / examples]) as Tensor2D;
        return linearization.vjp(splitRows(own, linearization.outputs)) as Tensor[];
      }),
    );
  }

  private current(use: string): Rows[] {
    requireThat(!this.disposed, `${where}.${use}`, 'a live operator', 'a disposed one');
    if (this.linearized == null || !this.linearized.every(({ linearization }) => linearization.isCurrent())) {
      this.release();
      requireEngine(where);
      const rows = this.linearize(null);
      this.linearized = rows;
      const [m] = this.shape;
      const received = rowsOf(rows);
      if (received !== m) this.release();
      requireThat(received === m, where, `${m} numbers of output at every evaluation`, `${received}`);
    }
    return this.linearized;
  }

  private linearize(jitter: Jitter | null): Rows[] {
    const opened: OutputLinearization[] = [];
    try {
      let first = 0;
      return this.source.groups.map((outputs) => {
        const linearization = evaluateTerm(this.source, () =>
          linearizeOutputs(outputs, this.parameters, where, jitter),
        );
        opened.push(linearization);
        const rows = rowsOfOutputs(linearization, first);
        first += rows.count;
        return rows;
      });
    } catch (error) {
      for (const linearization of opened) linearization.dispose();
      throw error;
    }
  }

  private release(): void {
    release(this.linearized ?? []);
    this.linearized = null;
  }
}

function rowsOfOutputs(linearization: OutputLinearization, first: number): Rows {
  const { outputs } = linearization;
  const count = outputs.reduce((sum, { size }) => sum + size, 0);
  const counted = outputs.map(({ shape }) => ({ shape: shape.length === 0 ? [1] : shape }));
  return { linearization, weight: 1, first, count, examples: examplesOf(counted, where) };
}

function rowsOf(rows: readonly Rows[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function release(rows: readonly Rows[]): void {
  for (const { linearization } of rows) linearization.dispose();
}
