import '@tensorflow/tfjs-layers';
import type { NamedTensorMap, Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, dispose, Optimizer, Tensor, Variable } from '@tensorflow/tfjs-core';
import { withStockTape } from '../tfjs/stock-tape-release.js';
import { leavingNothing } from '../tfjs/run-scope.js';
import { withTrustedGradients } from '../autodiff/trusted-gradients.js';
import { explainMissingKernels } from '../tfjs/missing-kernel.js';
import { requireArgument, requireThat } from '../errors.js';
import type { DirectionStatus } from './direction-search.js';
import type { TrackerSettings } from './direction-tracker.js';
import type { GivenDirections } from './given-directions.js';
import { warnOfGradientsFromElsewhere } from './gradients-from-elsewhere.js';
import { DirectionTracker } from './direction-tracker.js';
import { requireVariables, trainableAmong } from '../variables.js';

/**
 * An optimizer of TensorFlow.js that knows the sharpest directions of the loss it minimizes: given to it, or found by
 * itself from the minibatch loss, whose gradients it takes. What a step makes of them is for the class that extends it to
 * say, by `applyGradients`, and by {@link wantsDirections} when it needs them. Errors go by the name of that class.
 */
export abstract class DirectedOptimizer extends Optimizer {
  protected readonly tracker: DirectionTracker;
  private readonly name: string = this.getClassName();
  private isDisposed = false;
  /** The step at which `computeGradients` was called last, or null. */
  private lossSeenAt: number | null = null;
  private hasWarned = false;

  constructor(settings: TrackerSettings) {
    super();
    this.tracker = new DirectionTracker(settings, this.name);
  }

  /** Whether the next step would use directions, if there are any. None are sought while it would not. */
  abstract get wantsDirections(): boolean;

  /** Whether the next step uses directions: it would, and there are some. False before the first are found or given. */
  get isNudging(): boolean {
    return this.wantsDirections && this.tracker.current != null;
  }

  /**
   * How many searches for directions `searchBudget` has put off so far. Each counts once, however many steps later it is
   * made.
   */
  get putOff(): number {
    return this.tracker.putOff;
  }

  /**
   * V [k, n], the present directions, or null; the columns are those of {@link variables}. The optimizer keeps them by
   * variable: V is put together when it is first asked for, K·n floats more, and disposed when the directions are
   * replaced.
   */
  get directions(): Tensor2D | null {
    return this.tracker.rows;
  }

  /** Curvature along each direction when it was found, or null. */
  get eigenvalues(): Float64Array | null {
    return this.tracker.current?.eigenvalues?.slice() ?? null;
  }

  /**
   * The variables that the columns of the directions belong to, in order, or null before the first step: those that the
   * loss depends on.
   */
  get variables(): readonly Variable[] | null {
    return this.tracker.parameters?.variables ?? null;
  }

  /** How the last search for directions ended: see {@link DirectionStatus}. */
  get status(): DirectionStatus {
    return this.tracker.status;
  }

  /**
   * Replaces the directions. With `refreshEvery > 0` they serve until that many steps from now.
   *
   * @param directions V [k, n], float32, orthonormal rows, copied; or null for none (steps are then as without any)
   * @param given the variables of the columns and the eigenvalues, where known
   * @throws CurvatureArgumentError if V is not [k, n] or, to 1e-3, not orthonormal. The optimizer, and a search under
   *   way, then stay as they were. On WebGL and WebGPU rows that are not orthonormal are taken, and the next step throws,
   *   because that has to be read from the device.
   */
  setDirections(directions: Tensor2D | null, given: GivenDirections = {}): void {
    this.requireLive('setDirections');
    this.tracker.give(directions, given, this.iterations);
  }

  /**
   * Resolves when a search for directions that goes on between steps (WebGL, WebGPU) has come to its end; at once
   * on other backends. Rejects if it failed.
   */
  settled(): Promise<void> {
    return this.tracker.work.settled();
  }

  /**
   * Takes a step against the gradient of `f`, which is called once. If the step throws, as a schedule may,
   * nothing stays on the device.
   *
   * @returns the loss, owned by the caller, where `returnCost` asks for it
   * @throws CurvatureArgumentError after `dispose`, or where a schedule leaves its range
   */
  override minimize(f: () => Scalar, returnCost = false, varList?: Variable[]): Scalar | null {
    const { value, grads } = this.computeGradients(f, varList);
    let cost: Scalar | null = null;
    try {
      this.applyGradients(varList?.map(({ name }) => ({ name, tensor: grads[name]! })) ?? grads);
      if (returnCost) cost = value;
      return cost;
    } finally {
      dispose(grads);
      if (cost == null) value.dispose();
    }
  }

  /**
   * The loss and its gradient from one call of `f`; at a step where a refresh is due, the directions as well.
   *
   * @returns the loss and, by name, what `tf.variableGrads(f, varList)` gives: one gradient for each trainable variable
   *   that the loss depends on, and null for those of `varList` that are not trainable. Owned by the caller
   * @throws DifferentiationError at a refresh, if the loss has an op that cannot be differentiated twice
   */
  override computeGradients(f: () => Scalar, varList?: Variable[]): { value: Scalar; grads: NamedTensorMap } {
    this.requireLive('minimize');
    const { tracker } = this;
    tracker.work.rethrow();
    const where = `${this.name}.minimize`;
    requireArgument(typeof f === 'function', where, 'a function that returns the loss', f);
    if (varList !== undefined) requireVariables(varList, 'a list of tf.Variable to train', where);
    const variables = trainableAmong(varList);
    requireThat(variables.length > 0, where, 'at least one float32 variable to train', 'none');
    tracker.allow(variables);
    this.lossSeenAt = this.iterations;
    const due = this.wantsDirections ? tracker.affordable(this.iterations) : null;
    const loss = (): Scalar => {
      const value = f();
      // Who disposes of the optimizer in the loss is not left with what the step would find.
      this.requireLive('minimize');
      const isLoss = value instanceof Tensor && !value.isDisposed && value.rank === 0;
      requireArgument(isLoss, where, 'the loss to be a float32 scalar', value);
      // Who gets the loss disposes of it, but not of a variable.
      return value instanceof Variable ? clone<Scalar>(value as Tensor as Scalar) : value;
    };
    if (due != null) {
      const { value, grads } = tracker.search(loss, due, this.iterations);
      return { value, grads: { ...grads, ...nullForFrozen(varList) } };
    }
    return leavingNothing(() => {
      const result = explainMissingKernels(() =>
        withStockTape(() => withTrustedGradients(() => super.computeGradients(loss, varList))),
      );
      tracker.enter(variables.filter(({ name }) => result.grads[name] != null));
      return result;
    });
  }

  override dispose(): void {
    this.isDisposed = true;
    this.tracker.dispose();
  }

  /**
   * Warns, once, that a search for directions is due at a step whose gradients came from elsewhere, so that there is no
   * loss to find them from.
   */
  protected warnWithoutLoss(): void {
    const { tracker, iterations, lossSeenAt } = this;
    if (this.hasWarned || lossSeenAt === iterations || !this.wantsDirections) return;
    if (tracker.parameters == null || tracker.due(iterations) !== 'refresh') return;
    this.hasWarned = true;
    warnOfGradientsFromElsewhere(this.name);
  }

  /** Throws after `dispose`: what is taken on then would never be released. */
  protected requireLive(use: string): void {
    requireThat(!this.isDisposed, `${this.name}.${use}`, 'a live optimizer', 'a disposed one');
  }
}

/** What `tf.variableGrads` has for variables that are in the list and not trainable. */
function nullForFrozen(variables: readonly Variable[] = []): NamedTensorMap {
  const frozen = variables.filter(({ trainable }) => !trainable);
  return Object.fromEntries(frozen.map(({ name }) => [name, null])) as unknown as NamedTensorMap;
}
