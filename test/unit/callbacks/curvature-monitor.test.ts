import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MonitorOptions } from '../../../src/callbacks/curvature-monitor.js';
import { curvatureMonitor } from '../../../src/callbacks/curvature-monitor.js';
import type { CurvatureRecord } from '../../../src/callbacks/curvature-record.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { useBackend } from '../../wasm-backend.js';
import { makeVariables, quadratic, readAll } from '../optimizers/training-problems.js';
import { makeData, makeModel, withSeededRandom } from './training-run.js';

beforeAll(() => useBackend('cpu'));

let data: ReturnType<typeof makeData>;
beforeEach(() => {
  if (data != null) tf.dispose([data.xs, data.ys]);
  data = makeData();
});

const epochs = 3;

/**
 * The largest eigenvalue of the Hessian Σ p(1 − p) x xᵀ / (examples · outputs) of each output of a sigmoid layer, x with a
 * 1 for the bias.
 */
function sharpnessByOutput(xs: tf.Tensor2D, predictions: tf.Tensor2D): number[] {
  const rows = xs.arraySync().map((row) => [...row, 1]);
  const p = predictions.arraySync();
  const outputs = p[0]!.length;
  return Array.from({ length: outputs }, (_, o) => {
    const weighted = rows.map((row, i) =>
      row.map((x) => (x * p[i]![o]! * (1 - p[i]![o]!)) / rows.length / outputs),
    );
    const hessian = new Matrix(weighted).transpose().mmul(new Matrix(rows));
    return Math.max(...new EigenvalueDecomposition(hessian, { assumeSymmetric: true }).realEigenvalues);
  });
}

/** Trains with a monitor, or without one, and gives weights, history and records. */
async function run(options: MonitorOptions | null, optimizer: tf.Optimizer = tf.train.momentum(0.05, 0.9)) {
  return withSeededRandom(async () => {
    const model = makeModel(optimizer);
    const monitor = options && curvatureMonitor(modelObjective(model, data), { optimizer, ...options });
    const { history } = await model.fit(data.xs, data.ys, {
      epochs,
      batchSize: 4,
      verbose: 0,
      ...(monitor && { callbacks: monitor }),
    });
    const weights = readAll(model.getWeights());
    const { records = [], skipped = 0 } = monitor ?? {};
    monitor?.dispose();
    model.dispose();
    optimizer.dispose();
    return { weights, history, records, skipped };
  });
}

describe('curvatureMonitor', () => {
  it('on a quadratic reads what is known in closed form', async () => {
    const spectrum = [5, 3, 1, 0.5, 0.2, 0.1];
    const problem = quadratic(spectrum);
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const optimizer = { learningRate: 0.5 };
    const monitor = curvatureMonitor(
      lossObjective(() => problem.loss(variables), variables),
      { k: 2, optimizer },
    );
    await monitor.measure();
    tf.tidy(() => variables.forEach((variable) => variable.assign(tf.mul(variable, 2))));
    const record = await monitor.measure();
    const theta = problem.start.map((x) => 2 * x);
    const g = problem.gradient(theta);
    const cosines = problem.eigenvectors.map(
      (e) => e.reduce((sum, x, i) => sum + x * g[i]!, 0) / Math.hypot(...g),
    );
    expect(record.sharpness).toBeCloseTo(5, 4);
    record.eigenvalues!.forEach((value, i) => expect(value).toBeCloseTo(spectrum[i]!, 4));
    record.residuals!.forEach((value) => expect(value).toBeLessThan(1e-2));
    expect(record.gradientNorm).toBeCloseTo(Math.hypot(...g), 4);
    expect(record.topShare).toBeCloseTo(Math.hypot(cosines[0]!, cosines[1]!), 3);
    record.alignments!.forEach((value, i) => expect(Math.abs(value!)).toBeCloseTo(Math.abs(cosines[i]!), 3));
    expect(record.distance).toBeCloseTo(Math.hypot(...problem.start), 5);
    expect(record.stability).toBe(4);
    expect(record.loss).toBeCloseTo(
      theta.reduce((sum, x, i) => sum + 0.5 * x * g[i]!, 0),
      3,
    );
    expect(JSON.parse(JSON.stringify(monitor.records))).toEqual(monitor.records);
    monitor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(variables);
  });

  it.each<[string, () => tf.Optimizer]>([
    ['Adam', () => tf.train.adam(0.1)],
    ['Adamax', () => tf.train.adamax(0.1)],
    ['Adagrad', () => tf.train.adagrad(0.1)],
    ['Adadelta', () => tf.train.adadelta(0.1)],
    ['RMSProp', () => tf.train.rmsprop(0.1)],
  ])('refuses an optimizer of which 2/η says nothing, by its name: %s', (name, make) => {
    const optimizer = make();
    const w = tf.variable(tf.scalar(1));
    const objective = lossObjective(() => tf.square(w), [w]);
    expect(() => curvatureMonitor(objective, { optimizer })).toThrow(
      `curvatureMonitor: expected an optimizer with steps η · gradient: tf.train.sgd, momentum or NSGD, received ${name}`,
    );
    for (const taken of [tf.train.sgd(0.1), tf.train.momentum(0.1, 0.9), { learningRate: 0.1 }]) {
      curvatureMonitor(objective, { optimizer: taken }).dispose();
    }
    optimizer.dispose();
    w.dispose();
  });

  it('estimates the trace where it is asked for', async () => {
    const spectrum = [5, 3, 1, 0.5, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05];
    const problem = quadratic(spectrum);
    const variables = makeVariables(problem);
    const objective = lossObjective(() => problem.loss(variables), variables);
    const monitor = curvatureMonitor(objective, { metrics: ['sharpness', 'trace'] });
    const { trace, traceError, numMatvecs, distance } = await monitor.measure();
    const sum = spectrum.reduce((total, value) => total + value, 0);
    // Five standard errors, and the rounding of float32 where the estimate is exact.
    expect(Math.abs(trace! - sum)).toBeLessThan(5 * traceError! + 1e-4);
    expect(numMatvecs).toBeGreaterThan(8);
    expect(distance).toBeUndefined();
    monitor.dispose();
    tf.dispose(variables);
  });

  it('leaves training as it is, bit for bit, with dropout, batch normalisation and shuffling', async () => {
    const without = await run(null);
    const withMonitor = await run({ k: 2, every: 2 });
    expect(withMonitor.records).toHaveLength(7);
    expect(withMonitor.weights).toEqual(without.weights);
    const nudged = (): NSGD => new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 3 });
    expect((await run({ every: 'log' }, nudged())).weights).toEqual((await run(null, nudged())).weights);
  });

  it('puts the last measurement of every epoch into the history', async () => {
    const { history, records } = await run({ k: 2 });
    expect(records.map(({ step, epoch }) => [step, epoch])).toEqual([
      [4, 0],
      [8, 1],
      [12, 2],
    ]);
    expect(history.sharpness).toEqual(records.map(({ sharpness }) => sharpness));
    expect(history.lambda_2).toEqual(records.map(({ eigenvalues }) => eigenvalues![1]));
    expect(history.stability).toEqual(
      [2 / 0.05, 2 / 0.05, 2 / 0.05].map((value) => expect.closeTo(value, 4)),
    );
    for (const name of ['residual_1', 'alignment_2', 'gradientNorm', 'topShare', 'distance']) {
      expect(history[name]).toHaveLength(epochs);
    }
  });

  it.each<[MonitorOptions['every'], number[]]>([
    [5, [0, 5, 10]],
    ['log', [0, 1, 2, 4, 8]],
    [(step) => step > 0 && step % 6 === 0, [6, 12]],
  ])('measures at the steps of the schedule %s', async (every, steps) => {
    const told: CurvatureRecord[] = [];
    const { records } = await run({
      every,
      metrics: ['sharpness'],
      onRecord: (record) => void told.push(record),
    });
    expect(records.map(({ step }) => step)).toEqual(steps);
    expect(told).toEqual(records);
    expect(Object.keys(records[0]!).sort()).toEqual(
      ['epoch', 'loss', 'numMatvecs', 'sharpness', 'status', 'step', 'time'].sort(),
    );
  });

  // A product shows that the pair still holds. In so dense a spectrum the check would go on for longer.
  it('spends four products at most on checking a pair that has stayed as it was', async () => {
    const problem = quadratic(Array.from({ length: 60 }, (_, i) => 1 + i / 59));
    const variables = makeVariables(problem);
    const monitor = curvatureMonitor(lossObjective(() => problem.loss(variables), variables));
    await monitor.measure();
    const { numMatvecs, status } = await monitor.measure();
    expect(status).toBe('converged');
    expect(numMatvecs).toBeLessThanOrEqual(1 + 4);
    monitor.dispose();
    tf.dispose(variables);
  });

  it('serves fitDataset as it serves fit', async () => {
    const optimizer = tf.train.sgd(0.05);
    const model = makeModel(optimizer);
    const monitor = curvatureMonitor(modelObjective(model, data), { every: 1, metrics: ['sharpness'] });
    const batches = () =>
      [0, 8].map((begin) => ({
        xs: tf.slice(data.xs, [begin, 0], [8, 4]),
        ys: tf.slice(data.ys, [begin, 0], [8, 2]),
      }));
    const iterator = () => {
      const rest = batches();
      const next = () => Promise.resolve({ value: rest.shift() ?? null, done: rest.length === 0 });
      return Promise.resolve({ next });
    };
    const dataset = { size: 2, iterator } as never;
    const { history } = await model.fitDataset(dataset, { epochs: 2, verbose: 0, callbacks: monitor });
    expect(monitor.records.map(({ step, epoch }) => [step, epoch])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
    ]);
    expect(history.sharpness).toEqual([2, 4].map((step) => monitor.records[step]!.sharpness));
    monitor.dispose();
    model.dispose();
    optimizer.dispose();
  });

  describe('with a clock of the test', () => {
    let clock: number;
    beforeEach(() => {
      clock = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => clock);
    });
    afterEach(() => vi.restoreAllMocks());

    /** Takes `steps` steps of 10 ms; every measurement takes 100 ms, in which it evaluates the loss once. */
    async function train(options: MonitorOptions, steps: number) {
      const x = tf.variable(tf.tensor1d([1, 2]));
      const loss = (): tf.Scalar => {
        clock += 100;
        return tf.tidy(() => tf.sum(tf.square(x)));
      };
      const monitor = curvatureMonitor(lossObjective(loss, [x]), options);
      const history: Record<string, unknown>[] = [];
      await monitor.onTrainBegin();
      for (let step = 0; step < steps; step++) {
        if (step % 100 === 0) await monitor.onEpochBegin(step / 100);
        clock += 10;
        await monitor.onBatchEnd(step % 100);
        if (step % 100 === 99) {
          const logs = {};
          await monitor.onEpochEnd((step - 99) / 100, logs);
          history.push(logs);
        }
      }
      monitor.dispose();
      x.dispose();
      return { records: monitor.records, skipped: monitor.skipped, history };
    }

    it('keeps to its share of the training time', async () => {
      const { records, skipped } = await train({ every: 1, budget: 0.2 }, 200);
      // Measurement number m + 1 is due when 100 (m + 1) ≤ 0.2 (100 m + 10 step + 100), or step ≥ 40 (m + 1).
      expect(records.map(({ step }) => step)).toEqual([0, 80, 120, 160, 200]);
      expect(records.map(({ time }) => time)).toEqual([0, 0.9, 1.4, 1.9, 2.4]);
      expect(skipped).toBe(201 - 5);
    });

    it('has an entry per epoch in the history, NaN where the budget allowed no measurement', async () => {
      const { records, skipped, history } = await train({ budget: 0.05, k: 2 }, 600);
      // The second is due when 200 ≤ 0.05 (100 + 10 step + 100), or step ≥ 380, the third at 580.
      expect(records.map(({ epoch }) => epoch)).toEqual([0, 3, 5]);
      expect(skipped).toBe(3);
      expect(history.map(({ sharpness }) => sharpness)).toEqual([
        expect.closeTo(2, 5),
        NaN,
        NaN,
        expect.closeTo(2, 5),
        NaN,
        expect.closeTo(2, 5),
      ]);
      for (const logs of history) expect(Object.keys(logs).sort()).toEqual(Object.keys(history[0]!).sort());
      expect(history[1]).toMatchObject({ lambda_2: NaN, residual_1: NaN, distance: NaN, stability: NaN });
    });

    it('has entries in the history for the epochs before the first measurement, too', async () => {
      const { history } = await train({ every: (step) => step === 150, metrics: ['sharpness'] }, 300);
      expect(history).toEqual([{ sharpness: NaN }, { sharpness: expect.closeTo(2, 5) }, { sharpness: NaN }]);
    });
  });

  it('follows the sharpest output of a multi-label model, whichever it is: their Hessians do not mix', async () => {
    const [examples, features, outputs] = [60, 3, 3];
    const xs = tf.randomNormal([examples, features], 0, 2, 'float32', 5) as tf.Tensor2D;
    const ys = tf.cast(tf.greater(tf.randomNormal([examples, outputs], 0, 1, 'float32', 6), 0.3), 'float32');
    const kernelInitializer = initializers.glorotUniform({ seed: 3 });
    const model = sequential({
      layers: [
        layers.dense({ units: outputs, activation: 'sigmoid', kernelInitializer, inputShape: [features] }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(3), loss: 'binaryCrossentropy' });
    const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 1 });
    const leaders = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const { sharpness } = await monitor.measure();
      const values = tf.tidy(() => sharpnessByOutput(xs, model.predict(xs) as tf.Tensor2D));
      const largest = Math.max(...values);
      leaders.add(values.indexOf(largest));
      expect(sharpness! / largest).toBeCloseTo(1, 3);
      for (let step = 0; step < 2; step++) await model.trainOnBatch(xs, ys);
    }
    // Else nothing has been overtaken.
    expect(leaders.size).toBeGreaterThan(1);
    monitor.dispose();
    model.dispose();
    tf.dispose([xs, ys]);
  });

  it('says so when the loss is no finite number, and lets training go on', async () => {
    const { records, history } = await run({}, tf.train.sgd(1e30));
    expect(records).toHaveLength(epochs);
    expect(records.at(-1)).toMatchObject({ status: 'nonFinite', sharpness: null, eigenvalues: [null] });
    expect(history.sharpness!.at(-1)).toBeNaN();
  });

  it('starts from the eigenvectors of the time before', async () => {
    const { records } = await run({ k: 1, every: 1 });
    const [first, ...later] = records.map(({ numMatvecs }) => numMatvecs);
    expect(Math.min(...later)).toBeLessThan(first!);
  });

  it.each([
    [{ every: 0 }, /every 'epoch' or 'log', or an integer every >= 1, or a function every, received 0/],
    [{ k: 0 }, /curvatureMonitor: expected an integer k from 1 to 2, received 0/],
    [{ k: 1000 }, /curvatureMonitor: .* k from 1 to 2, received 1000/],
    [{ budget: 2 }, /curvatureMonitor: expected a number budget > 0 and <= 1, or null, received 2/],
    [{ metrics: ['sharp'] }, /metrics, a list of some of sharpness, .*received \["sharp"\]/],
  ])('refuses %o', (options, message) => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const objective = lossObjective(() => tf.sum(tf.square(x)), [x]);
    expect(() => curvatureMonitor(objective, options as MonitorOptions)).toThrow(message);
    x.dispose();
  });
});
