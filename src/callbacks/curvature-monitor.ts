import type { CustomCallback } from '@tensorflow/tfjs-layers';
import { isListOf, requireThat } from '../errors.js';
import type { Schema } from '../options.js';
import {
  anyInteger,
  byDefault,
  callable,
  check,
  integer,
  number,
  oneOf,
  or,
  readOptions,
} from '../options.js';
import type { Objective } from '../objectives/objective.js';
import { requireObjective } from '../objectives/objective.js';
import type { CurvatureReading } from './curvature-gauge.js';
import { CurvatureGauge } from './curvature-gauge.js';
import type { CurvatureMetric, CurvatureRecord } from './curvature-record.js';
import { allMetrics, cheapMetrics, notMeasured, writeLogs } from './curvature-record.js';
import type { MeasurementSchedule } from './measurement-schedule.js';
import { isDueAtStep, schedule } from './measurement-schedule.js';
import { TimeBudget } from '../time-budget.js';
import { trainingCallback } from './training-callback.js';

/** Options of {@link curvatureMonitor}. */
export interface MonitorOptions {
  /** How many eigenvalues. Default 1, the sharpness alone; each further one costs some 3 products. */
  readonly k?: number;
  /** When to measure. Default `'epoch'`: at the end of every epoch. See {@link MeasurementSchedule}. */
  readonly every?: MeasurementSchedule;
  /**
   * What to record, some of `sharpness`, `eigenvalues`, `residuals`, `gradientNorm`, `topShare`, `alignments`, `distance`,
   * `stability` and `trace`. Default: all but the trace, which costs products of its own. See {@link CurvatureMetric}.
   */
  readonly metrics?: readonly CurvatureMetric[];
  /**
   * Largest share of the training time to spend on measuring, in (0, 1]: a measurement that would exceed it is
   * skipped, and if it was an epoch's only one, its numbers in `history` are NaN. Default null: none is.
   */
  readonly budget?: number | null;
  /** Relative residual of the eigenvalues. Default 1e-3, which leaves errors of some 1e-6 in them. */
  readonly tol?: number;
  /** Hessian products, as in `HessianOperator`: `'finiteDifference'` for ops without second derivative. */
  readonly method?: 'exact' | 'finiteDifference';
  /**
   * The optimizer whose `learningRate` makes `stability`, 2/η: that of `tf.train.sgd`, momentum or an NSGD. Those that scale
   * each entry of a step by itself, as `tf.train.adam` does, are refused: 2/η bounds no curvature there.
   */
  readonly optimizer?: object;
  /** Is told of each record. A promise it returns is awaited. */
  readonly onRecord?: (record: CurvatureRecord) => void | Promise<void>;
  /** Seed of the solver's first start. Default 0. */
  readonly seed?: number;
}

const metricsCheck = check<readonly CurvatureMetric[]>(
  `{name}, a list of some of ${allMetrics.join(', ')}`,
  (value) => isListOf(value, (metric) => allMetrics.includes(metric as CurvatureMetric)),
);
const optimizerCheck = check<object>(
  'an {name} with a learningRate',
  (value) => typeof value === 'object' && value !== null && 'learningRate' in value,
);

/** The schema of {@link MonitorOptions} for an objective of so many parameters. */
function schemaFor(size: number) {
  return {
    k: byDefault(integer(1, size), 1),
    every: byDefault(schedule, 'epoch'),
    metrics: byDefault(metricsCheck, cheapMetrics),
    budget: byDefault(or(number({ above: 0, to: 1 }), null), null),
    tol: byDefault(number({ above: 0, below: 1 }), 1e-3),
    method: byDefault(oneOf('exact', 'finiteDifference'), 'exact'),
    optimizer: optimizerCheck,
    onRecord: callable<(record: CurvatureRecord) => void | Promise<void>>(),
    seed: byDefault(anyInteger, 0),
  } satisfies Schema<MonitorOptions>;
}

/**
 * A callback for `model.fit` and `model.fitDataset`, alone or in a list with others, with what it has measured. In a
 * hand-written loop await its functions: `onTrainBegin()`, `onEpochBegin(epoch)`, `onBatchEnd(batch)`,
 * `onEpochEnd(epoch, logs)`.
 */
export interface CurvatureMonitor extends CustomCallback {
  /** The measurements so far, oldest first. Plain JSON. */
  readonly records: readonly CurvatureRecord[];
  /** How many measurements the budget has forbidden. */
  readonly skipped: number;
  /** Measures now, whatever schedule and budget say: for hand-written loops. */
  measure(): Promise<CurvatureRecord>;
  /**
   * Frees what is kept from one measurement to the next: θ₀ and the eigenvectors. Harmless when repeated. A measurement
   * after it begins anew, with θ₀ as it then is, and what that keeps is to be freed again.
   */
  dispose(): void;
}

/**
 * Watches the curvature of a loss while a model trains.
 *
 * The numbers of the last measurement in an epoch are added to its logs, so that `history` has them (`sharpness`,
 * `lambda_1`, …; see {@link writeLogs}). In an epoch without one, by schedule or budget, they are NaN: `history` has
 * one entry per epoch, and none that belongs to an earlier one. Every measurement goes into `records` and to
 * `onRecord`.
 * Measuring disturbs nothing: weights, moving averages, RNN states and the random numbers of training are the
 * same, bit for bit, with and without a monitor. Where the loss is no finite number the record says so and
 * training goes on.
 *
 * @param objective the loss to look at: `modelObjective(model, data)` on a fixed sample of the data
 * @param options see {@link MonitorOptions}
 * @returns a callback for `fit` and `fitDataset`, alone or in a list with others, `tf.callbacks.earlyStopping` among
 *   them; one that stands behind it sees its numbers in the logs of an epoch. `dispose` it after the last training
 * @throws CurvatureArgumentError for options out of range. Cost of a measurement: one gradient and 4k to 20
 *   products on the objective; the second and later ones start from the eigenvectors of the one before. Memory
 *   between measurements: (k + 1)·n floats
 * @example
 * const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 5, budget: 0.2 });
 * const { history } = await model.fit(xs, ys, { epochs: 10, callbacks: monitor });
 * monitor.dispose();
 */
export function curvatureMonitor(objective: Objective, options: MonitorOptions = {}): CurvatureMonitor {
  const where = 'curvatureMonitor';
  requireObjective(objective, where);
  const settings = readOptions(options, schemaFor(objective.parameters.size), where);
  const { every, metrics, budget: share, onRecord, optimizer } = settings;
  const name = classNameOf(optimizer);
  const isPlain = !scalingOptimizers.includes(name);
  requireThat(isPlain, where, 'an optimizer with steps η · gradient: tf.train.sgd, momentum or NSGD', name);
  const gauge = new CurvatureGauge(objective, { ...settings, withTrace: metrics.includes('trace') });
  const records: CurvatureRecord[] = [];
  let budget = new TimeBudget(share);
  let [step, epoch, skipped] = [0, 0, 0];
  /** The last measurement since an epoch ended. */
  let fresh: CurvatureRecord | null = null;

  const measure = async (): Promise<CurvatureRecord> => {
    const time = budget.elapsed / 1000;
    const measured = await budget.spend(() => gauge.measure());
    const record = { step, epoch, time, ...only(metrics, measured) };
    records.push(record);
    fresh = record;
    await onRecord?.(record);
    return record;
  };
  const measureIfAllowed = async (): Promise<void> => {
    if (budget.allows()) await measure();
    else skipped++;
  };

  const callback = trainingCallback({
    onTrainBegin: async () => {
      budget = new TimeBudget(share);
      gauge.rememberStart();
      if (step === 0 && isDueAtStep(every, 0)) await measureIfAllowed();
    },
    onEpochBegin: (now) => {
      epoch = now;
    },
    onBatchEnd: async () => {
      step++;
      if (isDueAtStep(every, step)) await measureIfAllowed();
    },
    onEpochEnd: async (_, logs) => {
      if (every === 'epoch') await measureIfAllowed();
      if (logs != null) writeLogs(fresh ?? notMeasured(metrics, settings.k), logs);
      fresh = null;
    },
  });
  return Object.defineProperties(callback, {
    records: { value: records, enumerable: true },
    skipped: { get: () => skipped, enumerable: true },
    measure: { value: measure },
    dispose: { value: () => gauge.dispose() },
  }) as CurvatureMonitor;
}

/** The optimizers of TensorFlow.js whose steps are no multiples of a gradient or a velocity. */
const scalingOptimizers: readonly string[] = ['Adadelta', 'Adagrad', 'Adam', 'Adamax', 'RMSProp'];

/** The name under which TensorFlow.js saves an optimizer, which bundlers leave as it is; of anything else ''. */
function classNameOf(optimizer: object | undefined): string {
  const { className } = (optimizer?.constructor ?? {}) as { readonly className?: unknown };
  return typeof className === 'string' ? className : '';
}

/** A record with the metrics asked for only. */
function only(
  metrics: readonly CurvatureMetric[],
  measured: CurvatureReading,
): Omit<CurvatureRecord, 'step' | 'epoch' | 'time'> {
  const { status, numMatvecs, loss } = measured;
  const asked = Object.fromEntries(metrics.map((metric) => [metric, measured[metric]]));
  const { traceError } = measured;
  return { status, numMatvecs, loss, ...asked, ...(metrics.includes('trace') && { traceError }) };
}
