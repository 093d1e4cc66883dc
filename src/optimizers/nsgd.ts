import '@tensorflow/tfjs-layers';
import type { NamedTensorMap, Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { dispose, Optimizer, serialization } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError } from '../errors.js';
import type { DirectionStatus } from './direction-search.js';
import type { GivenDirections } from './direction-tracker.js';
import { DirectionTracker } from './direction-tracker.js';
import type { NamedTensor } from './named-tensor.js';
import { takeNudgedStep } from './nudged-step.js';
import type { NSGDOptions, NSGDSettings } from './nsgd-options.js';
import { requireSchedule, resolveOptions } from './nsgd-options.js';
import { packState, unpackState } from './nsgd-weights.js';
import type { Schedule } from './schedule.js';
import { valueAt } from './schedule.js';
import type { StepRecord } from './step-records.js';
import { StepLog } from './step-records.js';
import { gradientsByVariable, trainableVariables } from './trained-variables.js';
import { Velocities } from './velocities.js';
import type { WeightConstraint } from './weight-constraints.js';
import { weightConstraints } from './weight-constraints.js';

/** What every NSGD carries, so that one from another copy of this package is known too. */
const brand = Symbol.for('tfjs-curvature.NSGD');

/**
 * Nudged SGD: SGD with momentum whose step is scaled by γ along the K sharpest directions of the loss, and left
 * as it is along all others.
 *
 *     Δθ = u − (1 − γ) VᵀV u,   u the update of SGD, momentum or Nesterov momentum,
 *
 * with V the top eigenvectors of the Hessian of the training loss (Jastrzębski, Kenton, Ballas, Fischer, Bengio and
 * Storkey, "On the Relation Between the Sharpest Directions of DNN Loss and the SGD Step Length", ICLR 2019,
 * arXiv 1807.05031, section 4 and the released code). Directions come from one of three sources: by default the
 * optimizer finds them itself every `refreshEvery` steps, from the very minibatch loss it is handed, calling it
 * once; or {@link refreshDirections} finds them on a sample of the data, the paper's setting; or
 * {@link NSGD.setDirections} is given them.
 *
 * With γ = 1, without directions and during `burnIn` the weights are those of `tf.train.sgd` and
 * `tf.train.momentum`, bit for bit; nothing is searched for at γ = 1.
 *
 * Serves `model.compile` of any tfjs-layers model and hand-written loops. One optimizer serves one model. State is
 * kept by variable: layers may be frozen, unfrozen and added; the next step then finds new directions, or, where
 * they are given from outside, keeps the columns in common and steps new variables plainly.
 *
 * Cost beyond SGD: K·n floats; two matrix–vector products with V a step; about 20 Hessian-vector products and the
 * tape of one gradient a refresh. `dispose` frees everything.
 *
 * @example
 * model.compile({ optimizer: new NSGD({ learningRate: 0.01, k: 5, gamma: 0.1 }), loss: 'categoricalCrossentropy' });
 * await model.fit(xs, ys, { epochs: 5 });
 */
export class NSGD extends Optimizer {
  /** The name under which tfjs saves and loads the optimizer. */
  static get className(): string {
    return 'NSGD';
  }

  /** An optimizer from what {@link getConfig} gave. (tfjs adds `customObjects` to it on loading.) */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const settings = { ...config };
    delete settings.customObjects;
    return new cls(settings);
  }

  /** Whether something is an NSGD, of this copy of the package or another. `Optimizer`'s own test accepts any optimizer. */
  static override [Symbol.hasInstance](instance: unknown): boolean {
    return (instance as { [brand]?: boolean } | null | undefined)?.[brand] === true;
  }

  static {
    serialization.registerClass(NSGD);
  }

  readonly [brand] = true;
  private settings: NSGDSettings;
  private readonly tracker: DirectionTracker;
  private readonly velocities = new Velocities();
  private readonly log: StepLog;
  private constraints: ReadonlyMap<string, WeightConstraint> = new Map();
  /** What the last `getWeights` made for the purpose. */
  private exported: Tensor[] = [];

  /**
   * @param options see {@link NSGDOptions}; only `learningRate` has no default
   * @throws CurvatureArgumentError for a setting that is unknown, out of range or NaN
   */
  constructor(options: NSGDOptions) {
    super();
    this.settings = resolveOptions(options);
    this.tracker = new DirectionTracker(this.settings);
    this.log = new StepLog(this.settings.recordSteps);
  }

  /** η of the next step, with schedule and decay. */
  get learningRate(): number {
    const { learningRate, decay } = this.settings;
    return valueAt(learningRate, this.iterations, 'NSGD learningRate') / (1 + decay * this.iterations);
  }

  /** γ of the next step. */
  get gamma(): number {
    return valueAt(this.settings.gamma, this.iterations, 'NSGD gamma');
  }

  /** K, how many directions it finds. */
  get k(): number {
    return this.settings.k;
  }

  /** Whether the next step uses directions, if there are any: γ is not 1 and `burnIn` is over. */
  get isNudging(): boolean {
    return this.gamma !== 1 && this.iterations >= this.settings.burnIn;
  }

  /**
   * V [k, n], the present directions, or null; the columns are those of {@link variables}. Owned by the optimizer,
   * which keeps them by variable: they are put together when first asked for, and disposed when replaced.
   */
  get directions(): Tensor2D | null {
    return this.tracker.rows;
  }

  /** Curvature along each direction when it was found, or null. */
  get eigenvalues(): Float64Array | null {
    return this.tracker.current?.eigenvalues?.slice() ?? null;
  }

  /** The variables that the columns of the directions belong to, in order, or null before the first step. */
  get variables(): readonly Variable[] | null {
    return this.tracker.parameters?.variables ?? null;
  }

  /** How the last search for directions ended: see {@link DirectionStatus}. */
  get status(): DirectionStatus {
    return this.tracker.status;
  }

  /**
   * Changes η, from the next step on. As with `tf.train.momentum` the whole velocity is counted in the new η; a
   * schedule and `decay` leave what has been accumulated as it is.
   */
  setLearningRate(learningRate: Schedule): void {
    requireSchedule(learningRate, 'NSGD.setLearningRate');
    this.settings = { ...this.settings, learningRate };
  }

  /** Changes γ, from the next step on. */
  setGamma(gamma: Schedule): void {
    requireSchedule(gamma, 'NSGD.setGamma');
    this.settings = { ...this.settings, gamma };
  }

  /**
   * Replaces the directions. With `refreshEvery > 0` they serve until that many steps from now.
   *
   * @param directions V [k, n], float32, orthonormal rows, copied; or null for none (the step is then that of SGD)
   * @param given the variables of the columns and the eigenvalues, where known
   * @throws CurvatureArgumentError if V is not [k, n] or, to 1e-3, not orthonormal. On WebGL and WebGPU the latter
   *   is thrown by the next step, because it has to be read from the device.
   */
  setDirections(directions: Tensor2D | null, given: GivenDirections = {}): void {
    this.tracker.give(directions, given, this.iterations);
  }

  /**
   * Applies the constraints that a model declares for its weights (`kernelConstraint`, …) after every step, which
   * the optimizers of TensorFlow.js never do: they are handed bare variables.
   *
   * @param model the compiled model; call again after it has been loaded or got other layers
   */
  constrain(model: LayersModel): void {
    this.constraints = weightConstraints(model);
  }

  /** The records of the latest `recordSteps` steps that had directions, oldest first. Plain data. */
  records(): Promise<StepRecord[]> {
    return this.log.read();
  }

  /**
   * Resolves when a search for directions that goes on between steps (WebGL, WebGPU) has come to its end; at once
   * on other backends. Rejects if it failed.
   */
  settled(): Promise<void> {
    return this.tracker.work.settled();
  }

  /**
   * The loss and its gradient from one call of `f`; at a step where a refresh is due, the directions as well.
   *
   * @returns the loss and one gradient per trainable variable, by name, owned by the caller
   * @throws DifferentiationError at a refresh, if the loss has an op that cannot be differentiated twice
   */
  override computeGradients(f: () => Scalar, varList?: Variable[]): { value: Scalar; grads: NamedTensorMap } {
    const { tracker } = this;
    tracker.work.rethrow();
    const variables = trainableVariables(varList);
    if (variables.length > 0) tracker.enter(variables);
    const due = variables.length > 0 ? tracker.due(this.iterations, this.gamma) : null;
    return due == null ? super.computeGradients(f, varList) : tracker.search(f, due, this.iterations);
  }

  /**
   * Takes a step.
   *
   * @param variableGradients gradients by variable name: an array, in which a tensor may be null, or a map. They
   *   stay the caller's
   */
  override applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    const gradients = gradientsByVariable(variableGradients);
    if (gradients.size > 0) this.step(gradients);
    this.incrementIterations();
  }

  /**
   * The state by which training can be continued to the same weights: the number of steps, the velocities, the
   * directions with their eigenvalues and age.
   *
   * @returns named tensors that the optimizer goes on owning; those made for the purpose live until the next call
   */
  override getWeights(): Promise<NamedTensor[]> {
    const { tracker, velocities, iterations } = this;
    dispose(this.exported);
    const saved = packState({
      iterations,
      directions: tracker.save(),
      velocities: velocities.entries(trainableVariables(tracker.parameters?.variables ?? [])),
    });
    this.exported = saved.made;
    return Promise.resolve(saved.weights);
  }

  /** Continues from what {@link getWeights} gave. The tensors are copied and stay the caller's. */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const { iterations, directions, velocities } = await unpackState(weights);
    this.iterations_ = iterations;
    this.tracker.load(directions);
    this.velocities.load(velocities);
  }

  /**
   * The settings, with which `new NSGD(config)` makes an equal optimizer.
   *
   * @throws CurvatureArgumentError if γ or η is a function, which cannot be written to a file: set it to a number
   *   before saving and to the function again after loading
   */
  getConfig(): serialization.ConfigDict {
    const { learningRate, gamma, ...others } = this.settings;
    return {
      learningRate: requireNumber(learningRate, 'learningRate'),
      gamma: requireNumber(gamma, 'gamma'),
      ...others,
    };
  }

  /** Frees velocities, directions and records. Harmless when repeated. */
  override dispose(): void {
    this.tracker.dispose();
    this.velocities.dispose();
    this.log.dispose();
    dispose(this.exported);
    this.exported = [];
  }

  private step(gradients: ReadonlyMap<Variable, Tensor>): void {
    const { tracker, settings, velocities, learningRate, gamma, iterations } = this;
    const known = tracker.parameters?.variables ?? [];
    const variables = [...gradients.keys()];
    if (!variables.every((variable) => known.includes(variable))) tracker.enter(variables);
    if (settings.momentum > 0) velocities.prepare(tracker.parameters!.variables);
    const directions = iterations < settings.burnIn ? null : tracker.current;
    takeNudgedStep(gradients, {
      settings,
      iterations,
      learningRate,
      gamma,
      directions,
      velocities,
      constraints: this.constraints,
      observe:
        directions == null || settings.recordSteps === 0
          ? null
          : (measurements) => {
              const age = iterations - directions.step;
              this.log.append({ step: iterations, gamma, learningRate, age }, measurements);
            },
    });
  }
}

/**
 * Makes a copy of TensorFlow.js able to load models that were saved with an NSGD. Importing this package does so
 * for the copy it uses itself; another one beside it has a registry of its own.
 */
export function register(tf: { readonly serialization: Pick<typeof serialization, 'registerClass'> }): void {
  tf.serialization.registerClass(NSGD);
}

function requireNumber(schedule: Schedule, name: string): number {
  if (typeof schedule === 'number') return schedule;
  throw new CurvatureArgumentError(
    'NSGD.getConfig',
    `${name} to be a number, which can be saved (set it before saving, and the function again after loading)`,
    'a function of the step',
  );
}
