import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { CustomCallback } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';
import type { Schema } from '../options.js';
import { anyInteger, byDefault, callable, integer, number, oneOf, readOptions } from '../options.js';
import type { Objective } from '../objectives/objective.js';
import { requireObjective } from '../objectives/objective.js';
import type { GivenDirections } from '../optimizers/given-directions.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { remedyFor } from '../remedies.js';
import { SeededRandom } from '../random.js';
import { driveAsync } from '../tfjs/drive.js';
import { repeatedSearch } from '../solvers/repeated-search.js';
import type { EigenStatus } from '../solvers/result.js';
import { finiteHessian } from './finite-hessian.js';
import { isDueAtStep, schedule } from './measurement-schedule.js';
import type { MeasurementSchedule } from './measurement-schedule.js';
import { sampleObjective } from './sample-objective.js';
import { trainingCallback } from './training-callback.js';

/** An optimizer that takes directions: an `NSGD`. */
export interface DirectionTaker {
  /** How many directions are to be found for it. */
  readonly k: number;
  /** Whether its next step would use directions. Default: what `isNudging` says. */
  readonly wantsDirections?: boolean;
  /** Whether its next step uses directions. */
  readonly isNudging: boolean;
  /** Its present directions, from which the search for the next begins. */
  readonly directions: Tensor2D | null;
  setDirections(directions: Tensor2D | null, given?: GivenDirections): void;
}

/** Options of {@link refreshDirections}. */
export interface RefreshOptions {
  /** When: `'epoch'` (default, the paper's) at the beginning of every epoch, or see {@link MeasurementSchedule}. */
  readonly every?: MeasurementSchedule;
  /** How many directions. Default: the optimizer's `k`, or n if there are fewer parameters. */
  readonly k?: number;
  /** Largest algebraic eigenvalues ('LA', default) or largest in magnitude ('LM', the paper's code). */
  readonly which?: 'LA' | 'LM';
  /**
   * Relative residual of the directions. Default 0.05: a nudge needs no more, and each factor of 10 costs some 5
   * products. The paper's code asks for all that float32 gives.
   */
  readonly tol?: number;
  /**
   * The share of the objective that the Hessian is taken of, in (0, 1], drawn term by term (batch by batch).
   * Default 1: all of it. The paper's: 0.05 of the training set.
   */
  readonly sampleSize?: number;
  /** Whether a sample is drawn afresh at each refresh (default) or once. */
  readonly sample?: 'fresh' | 'fixed';
  /** Hessian products, as in `HessianOperator`: `'finiteDifference'` for ops without second derivative. */
  readonly method?: 'exact' | 'finiteDifference';
  /** Seed of samples and of the solver's start. Default 0. */
  readonly seed?: number;
  /** Is told of each refresh. */
  readonly onRefresh?: (refresh: DirectionRefresh) => void;
}

const schema = {
  every: byDefault(schedule, 'epoch'),
  k: integer(1),
  which: byDefault(oneOf('LA', 'LM'), 'LA'),
  tol: byDefault(number({ above: 0, below: 1 }), 0.05),
  sampleSize: byDefault(number({ above: 0, to: 1 }), 1),
  sample: byDefault(oneOf('fresh', 'fixed'), 'fresh'),
  method: byDefault(oneOf('exact', 'finiteDifference'), 'exact'),
  seed: byDefault(anyInteger, 0),
  onRefresh: callable<(refresh: DirectionRefresh) => void>(),
} satisfies Schema<RefreshOptions>;

/** What a refresh came to. Plain data. */
export interface DirectionRefresh {
  /** Steps taken before, counted by the hooks. */
  readonly step: number;
  readonly eigenvalues: number[];
  readonly status: EigenStatus;
  readonly numMatvecs: number;
  /** What the refresh took, in milliseconds. */
  readonly milliseconds: number;
}

/**
 * A callback for `model.fit` and `model.fitDataset`, alone or in a list with others. In a hand-written loop await its
 * functions: `onEpochBegin(epoch)`, `onBatchBegin(batch)`, `onBatchEnd(batch)`.
 */
export type RefreshHooks = CustomCallback;

/**
 * Gives an optimizer new directions in the course of training: the sharpest of an objective, which is the
 * training loss on a sample of the data (Jastrzębski et al. 2019, section 4: K = 5, 5 % of the data, every epoch).
 *
 * The optimizer should not search by itself (`refreshEvery: 0`). Nothing is sought while it does not nudge (γ = 1,
 * burn-in). Where the loss is no finite number the present directions stay.
 *
 * @param nsgd an `NSGD`, or anything that takes directions
 * @param objective `modelObjective(model, data)`, or a function that gives the one to use, called at each refresh; with
 *   `sample: 'fixed'` at the first alone. What it gave before is disposed, where that can be, as soon as it gives another
 *   one, so that `modelObjectiveFromDataset` may be called in it. The last one stays the caller's
 * @param options see {@link RefreshOptions}
 * @returns a callback for `fit` and `fitDataset`, alone or in a list with others. It holds nothing on the device
 * @throws CurvatureArgumentError for options out of range. Cost of a refresh: one gradient and some 3k products
 *   on the sample, in batches of the size that the objective was made with: large ones cost least
 * @example
 * const optimizer = new NSGD({ learningRate: 0.01, refreshEvery: 0 });
 * model.compile({ optimizer, loss: 'categoricalCrossentropy' });
 * const objective = modelObjective(model, { xs, ys });
 * await model.fit(xs, ys, { callbacks: refreshDirections(optimizer, objective, { sampleSize: 0.05 }) });
 */
export function refreshDirections(
  nsgd: DirectionTaker,
  objective: Objective | (() => Objective | Promise<Objective>),
  options: RefreshOptions = {},
): RefreshHooks {
  const where = 'refreshDirections';
  const settings = readOptions(options, schema, where);
  const { every, which, tol, sampleSize, sample, method, seed, onRefresh } = settings;
  const isTaker = typeof nsgd?.setDirections === 'function';
  requireArgument(isTaker, where, 'an optimizer with setDirections', nsgd, remedyFor('optimizer', nsgd));
  if (typeof objective !== 'function') requireObjective(objective, where);
  const random = new SeededRandom(seed);
  let fixed: Objective | null = null;
  let last: MadeObjective | null = null;
  let step = 0;

  const makeNext = async (make: () => Objective | Promise<Objective>): Promise<Objective> => {
    const next: MadeObjective = await make();
    requireObjective(next, `${where}: what the function returns`);
    if (next !== last) last?.dispose?.();
    last = next;
    return next;
  };
  const nextSample = async (): Promise<Objective> => {
    if (fixed != null) return fixed;
    const whole = typeof objective === 'function' ? await makeNext(objective) : objective;
    const drawn = sampleObjective(whole, sampleSize, random);
    if (sample === 'fixed') fixed = drawn;
    return drawn;
  };

  const refresh = async (): Promise<void> => {
    const from = performance.now();
    const hessian = await finiteHessian(await nextSample(), { method });
    if (hessian == null) return;
    try {
      const { k = Math.min(nsgd.k, hessian.size) } = settings;
      const search = { k, which, tol, seed: seed + step };
      const found = await driveAsync(
        repeatedSearch(hessian, nsgd.directions, search, where),
        {},
        where,
        guardParameters(hessian, where),
      );
      try {
        const { status, numMatvecs, eigenvectors } = found;
        const eigenvalues = Array.from(found.eigenvalues);
        if (status !== 'nonFinite') {
          nsgd.setDirections(eigenvectors, { variables: hessian.parameters.variables, eigenvalues });
        }
        const milliseconds = performance.now() - from;
        onRefresh?.({ step, eigenvalues, status, numMatvecs, milliseconds });
      } finally {
        found.dispose();
      }
    } finally {
      hessian.dispose();
    }
  };

  return trainingCallback({
    onEpochBegin: async () => {
      if (every === 'epoch' && wantsDirections(nsgd)) await refresh();
    },
    onBatchBegin: async () => {
      if (isDueAtStep(every, step) && wantsDirections(nsgd)) await refresh();
    },
    onBatchEnd: () => {
      step++;
    },
  });
}

/** An objective that may own batches. */
type MadeObjective = Objective & { dispose?(): void };

function wantsDirections(taker: DirectionTaker): boolean {
  return taker.wantsDirections ?? taker.isNudging;
}
