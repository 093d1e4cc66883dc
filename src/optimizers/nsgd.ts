import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import { dispose, serialization } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError, requireArgument } from '../errors.js';
import { requireIs } from '../options.js';
import { DirectedOptimizer } from './directed-optimizer.js';
import type { NamedTensor } from './named-tensor.js';
import { takeNudgedStep } from './nudged-step.js';
import type { NSGDOptions, NSGDSettings } from './nsgd-options.js';
import { resolveOptions } from './nsgd-options.js';
import { packState, unpackState } from './nsgd-weights.js';
import type { Schedule } from './schedule.js';
import { schedule, valueAt } from './schedule.js';
import type { StepRecord } from './step-records.js';
import { StepLog } from './step-records.js';
import { gradientsByVariable } from './trained-variables.js';
import { trainableAmong } from '../variables.js';
import { unitOf, Velocities } from './velocities.js';
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
 * kept by variable, for those that the loss depends on: others are left as they are, as by `tf.train.sgd`. Layers may be
 * frozen, unfrozen and added. A step that finds variables it has not known before steps them plainly, and the next one
 * finds new directions, or, where they are given from outside, keeps the columns in common.
 *
 * Cost beyond SGD: K·n floats; two matrix–vector products with V a step; 14 to 18 Hessian-vector products and the
 * tape of one gradient a refresh (docs/training-with-nsgd.md). `dispose` frees everything.
 *
 * @example
 * model.compile({ optimizer: new NSGD({ learningRate: 0.01, k: 5, gamma: 0.1 }), loss: 'categoricalCrossentropy' });
 * await model.fit(xs, ys, { epochs: 5 });
 */
export class NSGD extends DirectedOptimizer {
  /** The name under which tfjs saves and loads the optimizer. */
  static get className(): string {
    return 'NSGD';
  }

  /**
   * An optimizer from what {@link getConfig} gave.
   *
   * @param cls the class to make
   * @param config the settings; tfjs adds `customObjects` to it on loading
   */
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
  private readonly velocities: Velocities;
  private readonly log: StepLog;
  private constraints: ReadonlyMap<string, WeightConstraint> = new Map();
  /** What the last `getWeights` made for the purpose. */
  private exported: Tensor[] = [];

  /**
   * Nudged SGD, for `model.compile` or a loop of your own: SGD that steps less along the sharpest directions of
   * the loss.
   *
   * @param options see {@link NSGDOptions}; only `learningRate` has no default
   * @throws CurvatureArgumentError for a setting that is unknown, out of range or NaN
   */
  constructor(options: NSGDOptions) {
    const settings = resolveOptions(options);
    super(settings);
    this.settings = settings;
    this.velocities = new Velocities(unitOf(settings.learningRate));
    this.log = new StepLog(settings.recordSteps);
  }

  /** η of the next step, with schedule and decay. To assign to it is to call {@link setLearningRate}. */
  get learningRate(): number {
    const { learningRate, decay } = this.settings;
    return valueAt(learningRate, this.iterations, 'learningRate') / (1 + decay * this.iterations);
  }

  set learningRate(learningRate: Schedule) {
    this.setLearningRate(learningRate);
  }

  /** γ of the next step. To assign to it is to call {@link setGamma}. */
  get gamma(): number {
    return valueAt(this.settings.gamma, this.iterations, 'gamma');
  }

  set gamma(gamma: Schedule) {
    this.setGamma(gamma);
  }

  /** K, how many directions a search finds. There may be others in number, V [k, n], where they were given. */
  get k(): number {
    return this.tracker.k;
  }

  set k(k: never) {
    requireArgument(false, 'NSGD', 'k as an option: new NSGD({ learningRate, k })', k);
  }

  /** Whether the next step would use directions, if there are any: γ is not 1 and `burnIn` is over. */
  override get wantsDirections(): boolean {
    return this.gamma !== 1 && this.iterations >= this.settings.burnIn;
  }

  /**
   * Changes η, from the next step on. From number to number the whole velocity is counted in the new η, as with
   * `tf.train.momentum`; `decay`, a schedule, and a change to or from one leave what has been accumulated as it is.
   *
   * @param learningRate from 0, or a function of the step
   * @throws CurvatureArgumentError for another value
   */
  setLearningRate(learningRate: Schedule): void {
    requireIs(learningRate, schedule, 'learningRate', 'NSGD.setLearningRate');
    this.velocities.countIn(unitOf(learningRate));
    this.settings = { ...this.settings, learningRate };
  }

  /**
   * Changes γ, from the next step on.
   *
   * @param gamma a number, or a function of the step
   * @throws CurvatureArgumentError for another value
   */
  setGamma(gamma: Schedule): void {
    requireIs(gamma, schedule, 'gamma', 'NSGD.setGamma');
    this.settings = { ...this.settings, gamma };
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
   * Takes a step.
   *
   * Directions are found from the loss, which this function does not see: take the gradients from
   * {@link computeGradients}, in place of `tf.variableGrads`, or call {@link minimize}. Where a search is due and the
   * gradients came from elsewhere a warning says so, once, and the steps are those of SGD.
   *
   * @param variableGradients gradients by variable name: an array, in which a tensor may be null, or a map. They
   *   stay the caller's
   */
  override applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    this.requireLive('applyGradients');
    const gradients = gradientsByVariable(variableGradients);
    dispose(this.exported.splice(0));
    if (gradients.size > 0) this.step(gradients);
    this.warnWithoutLoss();
    this.incrementIterations();
  }

  /**
   * The state by which training can be continued to the same weights: the number of steps, the velocities, the
   * directions with their eigenvalues and age.
   *
   * @returns named tensors that the optimizer goes on owning, and disposes at the next step or call
   * @throws CurvatureArgumentError after `dispose`
   */
  override getWeights(): Promise<NamedTensor[]> {
    return new Promise((resolve) => {
      this.requireLive('getWeights');
      const { tracker, velocities, iterations } = this;
      dispose(this.exported.splice(0));
      const saved = packState({
        iterations,
        directions: tracker.save(),
        velocities: velocities.entries(trainableAmong(tracker.parameters?.variables ?? [])),
        unit: unitOf(this.settings.learningRate),
      });
      this.exported = saved.made;
      resolve(saved.weights);
    });
  }

  /**
   * Continues from what {@link getWeights} gave.
   *
   * @param weights named tensors, which are copied and stay the caller's
   * @throws CurvatureArgumentError for a list that getWeights cannot have given: other names or shapes, steps that are
   *   no whole numbers from 0, directions that are not orthonormal. The optimizer then stays as it was
   */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    this.requireLive('setWeights');
    const state = await unpackState(weights);
    try {
      this.requireLive('setWeights');
      this.iterations_ = state.iterations;
      this.tracker.load(state.directions);
      this.velocities.load(state.velocities, state.unit);
    } finally {
      state.dispose();
    }
  }

  /**
   * The settings, with which `new NSGD(config)` makes an equal optimizer.
   *
   * @throws CurvatureArgumentError if γ or η is a function, which cannot be written to a file: set it to a number
   *   before saving and to the function again after loading
   */
  getConfig(): serialization.ConfigDict {
    const { learningRate: eta, gamma, ...others } = this.settings;
    return {
      learningRate: requireNumber(eta, 'learningRate'),
      gamma: requireNumber(gamma, 'gamma'),
      ...others,
    };
  }

  /** Frees directions, velocities and records; a step after it throws. Harmless when repeated. */
  override dispose(): void {
    super.dispose();
    this.velocities.dispose();
    this.log.dispose();
    dispose(this.exported.splice(0));
  }

  private step(gradients: ReadonlyMap<Variable, Tensor>): void {
    // The schedules first, which may change the settings, or dispose of the optimizer.
    const { learningRate, gamma, tracker, settings, velocities, iterations } = this;
    this.requireLive('applyGradients');
    const variables = [...gradients.keys()];
    if (!variables.every((variable) => tracker.parameters?.variables.includes(variable))) {
      tracker.allow(variables);
      tracker.enter(variables);
    }
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

function requireNumber(schedule: Schedule, name: string): number {
  if (typeof schedule === 'number') return schedule;
  throw new CurvatureArgumentError(
    'NSGD.getConfig',
    `${name} to be a number, which can be saved (set it before saving, and the function again after loading)`,
    'a function of the step',
  );
}
