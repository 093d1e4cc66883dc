import type { NamedTensorMap, Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { clone, keep } from '@tensorflow/tfjs-core';
import type { Linearization } from '../autodiff/linearize.js';
import { linearizeReached } from '../autodiff/linearize.js';
import { leavingNothing } from '../tfjs/run-scope.js';
import { requireThat } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { checkOrthonormal } from '../rows.js';
import type { DirectionStatus, FoundDirections } from './direction-search.js';
import { followDirections, searchDirections } from './direction-search.js';
import { DirectionSet } from './direction-set.js';
import type { GivenDirections } from './given-directions.js';
import { readGiven } from './given-directions.js';
import { TimeBudget } from '../time-budget.js';
import { HostWork } from './host-work.js';
import type { NSGDSettings } from './nsgd-options.js';
import type { SearchTimes } from './search-times.js';
import { atOnce, timesAfterGift, timesAfterSearch } from './search-times.js';

/** How and how often to search: the options of the same names. */
export type TrackerSettings = Pick<
  NSGDSettings,
  'k' | 'which' | 'tol' | 'seed' | 'refreshEvery' | 'trackEvery' | 'burnIn' | 'searchBudget'
>;

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
  /**
   * The variables that have been trained: those that a loss has depended on so far, as long as steps may train them.
   * Null before the first.
   */
  parameters: ParameterSpace | null = null;
  readonly work: HostWork;
  /** How many searches the budget has put off. */
  putOff = 0;
  private isPutOff = false;
  /** What the last step could train. */
  private candidates: readonly Variable[] = [];
  /** What was trained when directions were last sought, whether or not any were found. */
  private soughtFor: ParameterSpace | null = null;
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

  /** Notes which variables a step may train. Those that it may not are trained no more. */
  allow(candidates: readonly Variable[]): void {
    const { current, owner } = this;
    if (current?.parameters != null && !current.meets(candidates)) {
      const { variables: own, names } = current.parameters;
      requireThat(
        own.every((variable) => variable.isDisposed),
        owner,
        `variables of the model its directions belong to ('${names[0]}', …): one ${owner} serves one model`,
        `'${candidates[0]!.name}', … only`,
      );
      this.replace(null);
      this.times = atOnce;
    }
    this.candidates = candidates;
    this.train(candidates.filter((variable) => this.parameters?.variables.includes(variable)));
  }

  /** Notes which of the variables that a step may train its loss depends on, and lays the directions out for them. */
  enter(reached: readonly Variable[]): void {
    const { current, candidates, owner } = this;
    const trained = new Set([...(this.parameters?.variables ?? []), ...reached]);
    const isUnbound = current != null && current.parameters == null;
    const entered = candidates.filter((variable) => trained.has(variable));
    // Directions that were saved when losses had depended on more than this one does.
    const areAll = isUnbound && !current.fits(entered) && current.fits(candidates);
    this.train(areAll ? candidates : entered);
    if (isUnbound) current.bind(this.parameters!, owner);
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
   * @throws CurvatureArgumentError unless they are orthonormal rows [k, n] of the variables; all then stays as it was
   */
  give(directions: Tensor2D | null, given: GivenDirections, step: number): void {
    const where = `${this.owner}.setDirections`;
    const { parameters, eigenvalues } = readGiven(directions, given, this.parameters, where);
    if (directions === null) this.work.cancel();
    else {
      const checked = keep(clone(directions));
      const release = () => checked.dispose();
      this.work.takeOver({ steps: checkOrthonormal(checked, where), done: () => undefined, release });
    }
    // Nothing is refused from here on: directions are taken as a whole or not at all.
    const found = directions && new DirectionSet(clone(directions), eigenvalues, step);
    if (parameters != null) found?.bind(parameters, where);
    this.replace(found);
    this.times = timesAfterGift(step, this.settings);
    this.status = found == null ? 'none' : 'given';
  }

  /** Which search, if any, is due at a step that uses directions. */
  due(step: number): 'refresh' | 'track' | null {
    const { refreshEvery, trackEvery } = this.settings;
    if (this.work.isBusy) return null;
    const { current } = this;
    const { refreshAt, trackAt } = this.times;
    if (refreshEvery > 0 && (this.areOutdated || refreshAt == null || step >= refreshAt)) return 'refresh';
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
   * Calls the loss once, for its value, its gradient and new directions, along the variables that it depends on.
   *
   * @returns loss and the gradients of these by variable name, owned by the caller
   */
  search(f: () => Scalar, kind: 'refresh' | 'track', step: number): { value: Scalar; grads: NamedTensorMap } {
    const { owner } = this;
    return leavingNothing(() => {
      const stop = this.budget?.start();
      const linearization = linearizeReached(f, this.candidates, `${owner}.minimize`);
      let present: Tensor2D | null = null;
      let isHandedOver = false;
      const release = (): void => {
        linearization.dispose();
        present?.dispose();
      };
      try {
        this.enter(linearization.parameters.variables);
        const parameters = this.parameters!;
        const most = `k of at most ${parameters.size}, the number of trainable parameters`;
        requireThat(this.k <= parameters.size, owner, most, `${this.k}`);
        const k = Math.min(this.k, linearization.parameters.size);
        const value = clone(linearization.loss);
        const grads = gradientsByName(linearization);
        present = this.current?.join(linearization.parameters) ?? null;
        isHandedOver = true;
        this.isPutOff = false;
        this.work.run({
          steps:
            kind === 'refresh'
              ? searchDirections(linearization, present, { ...this.settings, k }, step, owner)
              : followDirections(linearization, present!),
          done: (found) => {
            this.times = timesAfterSearch(kind, step, this.settings, this.times);
            this.accept(found, linearization.parameters, step);
            // Also where the search came to nothing: the next one is due in its time.
            this.soughtFor = parameters;
          },
          discard: ({ rows }) => rows?.dispose(),
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

  /** Whether other variables are trained than those that the directions belong to or were sought for. */
  private get areOutdated(): boolean {
    const { current, parameters } = this;
    if (current?.parameters == null || parameters === this.soughtFor) return false;
    return parameters == null || !current.belongsTo(parameters);
  }

  private train(variables: readonly Variable[]): void {
    const known = this.parameters?.variables ?? [];
    const areSame =
      known.length === variables.length && known.every((variable, i) => variable === variables[i]);
    if (areSame) return;
    this.parameters = variables.length === 0 ? null : parameterSpace(variables, `${this.owner}.minimize`);
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
