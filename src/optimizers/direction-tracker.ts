import type { NamedTensorMap, Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { clone, keep } from '@tensorflow/tfjs-core';
import type { Linearization } from '../autodiff/linearize.js';
import { linearizeWith } from '../autodiff/linearize.js';
import { leavingNothing } from '../tfjs/run-scope.js';
import { areNumbers, CurvatureArgumentError, requireArgument, requireThat } from '../errors.js';
import type { Schema } from '../options.js';
import { check, readOptions, unchecked } from '../options.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { checkOrthonormal } from '../rows.js';
import type { DirectionStatus, FoundDirections } from './direction-search.js';
import { followDirections, searchDirections } from './direction-search.js';
import { DirectionSet, requireDirections } from './direction-set.js';
import { TimeBudget } from '../time-budget.js';
import { HostWork } from './host-work.js';
import type { NSGDSettings } from './nsgd-options.js';

/** What may be said of directions that are handed over. */
export interface GivenDirections {
  /** The variables that the columns belong to, in order. Default: those of the step, in the order it gives them. */
  readonly variables?: readonly Variable[];
  /** Curvature along each direction. */
  readonly eigenvalues?: ArrayLike<number>;
}

const givenSchema = {
  variables: unchecked<readonly Variable[]>(),
  eigenvalues: check<ArrayLike<number>>('{name} that are numbers', areNumbers),
} satisfies Schema<GivenDirections>;

/** How and how often to search: the options of the same names. */
export type TrackerSettings = Pick<
  NSGDSettings,
  'k' | 'which' | 'tol' | 'seed' | 'refreshEvery' | 'trackEvery' | 'burnIn' | 'searchBudget'
>;

/** When directions are to be sought, in steps; null for at once. */
interface SearchTimes {
  /** The next search from scratch. */
  readonly refreshAt: number | null;
  /** The next correction. */
  readonly trackAt: number | null;
}

const atOnce: SearchTimes = { refreshAt: null, trackAt: null };

/**
 * In how many parts the first interval between refreshes is cut. The Hessian turns fastest at the beginning of
 * training: over 50 steps of the MNIST net (bench/nsgd.ts) the top five directions kept a mean cosine of 0.56 from
 * step 0 on, of 0.74 from step 50 on, of 0.90 from step 100 on.
 */
const earlyParts = 8;

/** What a saved optimizer carries of its directions. */
export interface SavedDirections extends SearchTimes {
  readonly rows: Tensor2D | null;
  readonly eigenvalues: Float64Array | null;
  /** The step at which the directions were found, or null. */
  readonly step: number | null;
}

/**
 * The directions of an optimizer: takes those it is given, finds its own from the minibatch loss when they are
 * due, and keeps them in line with the variables that are trained. Owns the directions.
 */
export class DirectionTracker {
  /** The present directions, or null. */
  current: DirectionSet | null = null;
  /** How the last search ended. */
  status: DirectionStatus = 'none';
  /** The trainable variables of the last step, or null before the first. */
  parameters: ParameterSpace | null = null;
  readonly work: HostWork;
  /** How many searches the budget has put off. */
  putOff = 0;
  private isPutOff = false;
  private times = atOnce;
  /** From the first step on. */
  private budget: TimeBudget | null = null;

  /** @param owner the class of the optimizer, for errors */
  constructor(
    private readonly settings: TrackerSettings,
    private readonly owner: string,
  ) {
    this.work = new HostWork(owner);
  }

  /** Notes which variables are trained now, and lays the directions out for them. */
  bindVariables(variables: readonly Variable[]): void {
    const { owner } = this;
    const known = this.parameters?.variables;
    if (known?.length !== variables.length || known.some((variable, i) => variable !== variables[i])) {
      this.parameters = parameterSpace(variables, `${owner}.minimize`);
    }
    const { current } = this;
    if (current == null) return;
    if (current.parameters == null) current.bind(this.parameters!, owner);
    if (current.meets(variables)) return;
    const { variables: own, names } = current.parameters!;
    if (own.some((variable) => !variable.isDisposed)) {
      throw new CurvatureArgumentError(
        owner,
        `variables of the model its directions belong to ('${names[0]}', …): one ${owner} serves one model`,
        `'${variables[0]!.name}', … only`,
      );
    }
    this.replace(null);
    this.times = atOnce;
  }

  /** K: as set, else the paper's, as far as there are parameters. */
  get k(): number {
    return this.settings.k ?? Math.min(5, this.parameters?.size ?? 5);
  }

  /**
   * V [k, n] with the columns of the variables of the last step, or null. Owned by the tracker, which then holds it
   * beside the columns until the directions are replaced.
   */
  get rows(): Tensor2D | null {
    return this.current?.lend(this.parameters) ?? null;
  }

  /**
   * Takes a copy of directions from outside.
   *
   * @throws CurvatureArgumentError unless they are orthonormal rows [k, n] of the variables
   */
  give(directions: Tensor2D | null, given: GivenDirections, step: number): void {
    const where = `${this.owner}.setDirections`;
    const { variables, eigenvalues: numbers } = readOptions(given, givenSchema, where);
    this.work.cancel();
    const { refreshEvery, trackEvery } = this.settings;
    this.times = { refreshAt: step + refreshEvery, trackAt: step + trackEvery };
    if (directions === null) {
      this.replace(null);
      this.status = 'none';
      return;
    }
    const parameters = variables == null ? this.parameters : parameterSpace(variables, where);
    requireDirections(directions, parameters, where);
    const eigenvalues = numbers == null ? null : Float64Array.from(numbers);
    requireArgument(
      eigenvalues == null || eigenvalues.length === directions.shape[0],
      where,
      `${directions.shape[0]} eigenvalues, one per direction`,
      eigenvalues?.length,
    );
    const checked = keep(clone(directions));
    const release = () => checked.dispose();
    this.work.run({ steps: checkOrthonormal(checked, where), done: () => undefined, release });
    const found = new DirectionSet(clone(directions), eigenvalues, step);
    try {
      if (parameters != null) found.bind(parameters, where);
    } catch (error) {
      found.dispose();
      throw error;
    }
    this.replace(found);
    this.status = 'given';
  }

  /** Which search, if any, is due at a step that uses directions. */
  due(step: number): 'refresh' | 'track' | null {
    const { refreshEvery, trackEvery } = this.settings;
    if (this.parameters == null || this.work.isBusy) return null;
    const { current, parameters } = this;
    const { refreshAt, trackAt } = this.times;
    const isOutdated = current != null && !current.belongsTo(parameters);
    if (refreshEvery > 0 && (isOutdated || refreshAt == null || step >= refreshAt)) return 'refresh';
    return trackEvery > 0 && current != null && (trackAt == null || step >= trackAt) ? 'track' : null;
  }

  /** Which search is due at a step and within the budget. One that is not is due again at the next step. */
  affordable(step: number): 'refresh' | 'track' | null {
    this.budget ??= new TimeBudget(this.settings.searchBudget);
    const due = this.due(step);
    if (due == null || this.budget.allows()) return due;
    if (!this.isPutOff) this.putOff++;
    this.isPutOff = true;
    return null;
  }

  /**
   * Calls the loss once, for its value, its gradient and new directions.
   *
   * @returns loss and gradients by variable name, owned by the caller
   */
  search(f: () => Scalar, kind: 'refresh' | 'track', step: number): { value: Scalar; grads: NamedTensorMap } {
    const { owner, k } = this;
    const parameters = this.parameters!;
    const most = `k of at most ${parameters.size}, the number of trainable parameters`;
    requireThat(k <= parameters.size, owner, most, `${k}`);
    return leavingNothing(() => {
      const stop = this.budget?.start();
      const linearization = linearizeWith(f, parameters.variables, `${owner}.minimize`);
      let present: Tensor2D | null = null;
      let isHandedOver = false;
      const release = (): void => {
        linearization.dispose();
        present?.dispose();
      };
      try {
        const value = clone(linearization.loss);
        const grads = gradientsByName(linearization);
        present = this.current?.join(parameters) ?? null;
        isHandedOver = true;
        this.isPutOff = false;
        this.work.run({
          steps:
            kind === 'refresh'
              ? searchDirections(linearization, present, { ...this.settings, k }, step, owner)
              : followDirections(linearization, present!),
          done: (found) => {
            this.times = this.timesAfter(kind, step);
            this.accept(found, parameters, step);
          },
          release: () => {
            release();
            stop?.();
          },
        });
        return { value, grads };
      } finally {
        if (!isHandedOver) release();
      }
    });
  }

  /** What a saved optimizer carries to be continued. The rows are a new tensor, owned by the caller. */
  save(): SavedDirections {
    const { current, parameters, times } = this;
    return {
      rows: current?.join(parameters) ?? null,
      eigenvalues: current?.eigenvalues ?? null,
      step: current?.step ?? null,
      ...times,
    };
  }

  /** Takes a copy of what {@link save} gave. The columns are matched with the variables at the next step. */
  load({ rows, eigenvalues, step, ...times }: SavedDirections): void {
    this.dispose();
    this.times = times;
    if (rows == null) return;
    this.replace(new DirectionSet(clone(rows), eigenvalues, step ?? 0));
    this.status = 'given';
  }

  dispose(): void {
    this.work.cancel();
    this.replace(null);
    this.status = 'none';
    this.times = atOnce;
  }

  /** Refreshes follow after 1/8, 1/8, 1/4, 1/2 of `refreshEvery` at first, then after all of it. */
  private timesAfter(kind: 'refresh' | 'track', step: number): SearchTimes {
    const { refreshEvery, trackEvery, burnIn } = this.settings;
    const trackAt = step + trackEvery;
    if (kind === 'track') return { ...this.times, trackAt };
    const interval = Math.max(Math.ceil(refreshEvery / earlyParts), step - burnIn);
    return { refreshAt: step + Math.min(interval, refreshEvery), trackAt };
  }

  private accept(
    { status, rows, eigenvalues }: FoundDirections,
    parameters: ParameterSpace,
    step: number,
  ): void {
    this.status = status;
    if (rows == null) return;
    const found = new DirectionSet(rows, eigenvalues, step);
    try {
      found.bind(parameters, this.owner);
    } catch (error) {
      found.dispose();
      throw error;
    }
    this.replace(found);
  }

  private replace(next: DirectionSet | null): void {
    this.current?.dispose();
    this.current = next;
  }
}

function gradientsByName({ parameters, gradient }: Linearization): NamedTensorMap {
  const parts = parameters.unflatten(gradient);
  return Object.fromEntries(parameters.names.map((name, i) => [name, parts[i]!]));
}
