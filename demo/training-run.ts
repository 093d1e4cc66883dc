import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import type { CurvatureMonitor } from '../src/index.js';
import {
  curvatureMonitor,
  HessianOperator,
  lossCrossSection,
  modelObjective,
  NSGD,
  spectralDensity,
} from '../src/index.js';
import type { CurvaturePoint, MeasuredCurve, ProgressRecord, RunName } from './records.js';
import type { Settings } from './settings.js';

/** Steps from one search of NSGD for its directions to the next. */
const refreshEvery = 25;

function makeNet(widths: Settings['net']): LayersModel {
  const units = [...widths.split('-').map(Number), 1];
  return layers.sequential({
    layers: units.map((count, i) =>
      layers.layers.dense({
        units: count,
        activation: i === units.length - 1 ? 'sigmoid' : 'tanh',
        kernelInitializer: layers.initializers.glorotNormal({ seed: i + 1 }),
        ...(i === 0 && { inputShape: [2] }),
      }),
    ),
  });
}

function makeOptimizer(name: RunName, settings: Settings): tf.Optimizer {
  const { learningRate, momentum, gamma, directions } = settings;
  if (name === 'NSGD') return new NSGD({ learningRate, momentum, gamma, k: directions, refreshEvery });
  return momentum === 0 ? tf.train.sgd(learningRate) : tf.train.momentum(learningRate, momentum);
}

/** One net in training. Two of the same settings begin with the same weights. */
export class TrainingRun {
  private readonly model: LayersModel;
  private readonly optimizer: tf.Optimizer;
  private readonly monitor: CurvatureMonitor;

  /** @param data all examples; they stay the caller's */
  constructor(
    readonly name: RunName,
    private readonly settings: Settings,
    private readonly data: { readonly xs: Tensor; readonly ys: Tensor },
  ) {
    this.model = makeNet(settings.net);
    this.optimizer = makeOptimizer(name, settings);
    this.model.compile({ optimizer: this.optimizer, loss: 'binaryCrossentropy' });
    const { optimizer } = this;
    this.monitor = curvatureMonitor(this.objective(), { k: settings.directions, optimizer });
  }

  /** One step on some of the examples. */
  async step(rows: tf.Tensor1D): Promise<void> {
    const [xs, ys] = tf.tidy(() => [tf.gather(this.data.xs, rows), tf.gather(this.data.ys, rows)]);
    await this.model.trainOnBatch(xs!, ys!);
    tf.dispose([xs!, ys!]);
  }

  async progress(step: number): Promise<ProgressRecord> {
    const scores = tf.tidy(() => {
      const predictions = this.model.predict(this.data.xs) as Tensor;
      const loss = layers.metrics.binaryCrossentropy(this.data.ys, predictions);
      const accuracy = layers.metrics.binaryAccuracy(this.data.ys, predictions);
      return tf.stack([tf.mean(loss), tf.mean(accuracy), tf.mean(predictions)]);
    });
    const [loss, accuracy, prediction] = await scores.data();
    scores.dispose();
    // The loss clips what it is given, and may make a finite number of predictions that are none.
    return { step, loss: Number.isFinite(prediction) ? loss! : NaN, accuracy: accuracy! };
  }

  async curvature(step: number): Promise<CurvaturePoint> {
    const { eigenvalues = [], topShare = null } = await this.monitor.measure();
    return { step, eigenvalues, topShare };
  }

  /** The distribution of the eigenvalues of the Hessian. */
  async density(): Promise<MeasuredCurve> {
    const hessian = new HessianOperator(this.objective());
    try {
      const { grid, density } = await spectralDensity(hessian, {
        krylovDim: 30,
        numProbes: 4,
        gridSize: 256,
      });
      return { run: this.name, xs: Array.from(grid), ys: Array.from(density) };
    } finally {
      hessian.dispose();
    }
  }

  /** The loss along e₁, in units of the mean step of SGD along it. */
  async section(): Promise<MeasuredCurve> {
    const { learningRate, batchSize } = this.settings;
    const { records } = await lossCrossSection(
      { model: this.model, data: this.data },
      { learningRate, batchSize, k: 1, distances: [0, 0.25, 0.5, 1, 1.5, 2, 3, 4] },
    );
    const [{ offsets, losses }] = records as [(typeof records)[0]];
    return { run: this.name, xs: [...offsets], ys: [...losses] };
  }

  dispose(): void {
    this.monitor.dispose();
    this.optimizer.dispose();
    this.model.dispose();
  }

  private objective(): ReturnType<typeof modelObjective> {
    return modelObjective(this.model, this.data, { batchSize: 256 });
  }
}
