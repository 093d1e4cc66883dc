import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import type { CurvatureMonitor } from '../src/index.js';
import { curvatureMonitor, HessianOperator, lossCrossSection, NSGD, spectralDensity } from '../src/index.js';
import { dataSets, examplesOfUnit } from './choices.js';
import type { Examples } from './examples.js';
import { lossSlice } from './loss-slice.js';
import { answersOf, answersOnGrid } from './net-answers.js';
import { makeNet } from './nets.js';
import type { Answers, CurvaturePoint, LossSlice, OnProgress, ProgressRecord, RunName } from './records.js';
import type { Retuning, Settings } from './settings.js';
import { objectiveOf, withSharpest } from './sharpest-directions.js';

/** Steps from one search of NSGD for its directions to the next. */
const refreshEvery = 25;

/** Products for a spectral density: steps of a probe, times probes. */
const density = { krylovDim: 30, numProbes: 4 };

/** A curve without the run it is of. */
interface Curve {
  readonly xs: number[];
  readonly ys: number[];
}

/** SGD is NSGD with γ = 1, which takes the same steps, bit for bit. */
function makeOptimizer(name: RunName, settings: Settings): NSGD {
  const { learningRate, momentum, gamma, directions } = settings;
  return new NSGD({ learningRate, momentum, gamma: name === 'SGD' ? 1 : gamma, k: directions, refreshEvery });
}

/** One net in training. Two of the same settings begin with the same weights. */
export class TrainingRun {
  private readonly model: LayersModel;
  private optimizer: NSGD;
  private monitor: CurvatureMonitor;

  /**
   * @param data all examples
   * @param measured those that losses and curvature are measured on
   */
  constructor(
    readonly name: RunName,
    private settings: Settings,
    private readonly data: Examples,
    private readonly measured: Examples,
  ) {
    const { net, widths } = settings;
    this.model = makeNet(net, widths, data.xs.shape.slice(1), data.ys.shape[1]!);
    [this.optimizer, this.monitor] = this.equip();
  }

  /** Goes on with another η or γ; another momentum begins at rest. */
  retune(retuning: Retuning): void {
    const { momentum } = this.settings;
    this.settings = { ...this.settings, ...retuning };
    if (momentum !== retuning.momentum) {
      this.monitor.dispose();
      this.optimizer.dispose();
      [this.optimizer, this.monitor] = this.equip();
      return;
    }
    this.optimizer.setLearningRate(retuning.learningRate);
    if (this.name === 'NSGD') this.optimizer.setGamma(retuning.gamma);
  }

  /** An optimizer for the settings as they are, and a monitor that looks at the same directions. */
  private equip(): [NSGD, CurvatureMonitor] {
    const optimizer = makeOptimizer(this.name, this.settings);
    this.model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    const objective = objectiveOf(this.model, this.measured);
    return [optimizer, curvatureMonitor(objective, { k: this.settings.directions, optimizer })];
  }

  /** One step on some of the examples. */
  async step(rows: tf.Tensor1D): Promise<void> {
    const [xs, ys] = tf.tidy(() => [tf.gather(this.data.xs, rows), tf.gather(this.data.ys, rows)]);
    await this.model.trainOnBatch(xs!, ys!);
    tf.dispose([xs!, ys!]);
  }

  async progress(): Promise<ProgressRecord> {
    const { xs, ys } = this.measured;
    const scores = tf.tidy(() => {
      const predictions = this.model.predict(xs, { batchSize: xs.shape[0]! }) as Tensor;
      const loss = layers.metrics.categoricalCrossentropy(ys, predictions);
      const accuracy = layers.metrics.categoricalAccuracy(ys, predictions);
      return tf.stack([tf.mean(loss), tf.mean(accuracy), tf.mean(predictions)]);
    });
    const [loss, accuracy, prediction] = await scores.data();
    scores.dispose();
    // The loss clips what it is given, and may make a finite number of predictions that are none.
    return { loss: Number.isFinite(prediction) ? loss! : NaN, accuracy: accuracy! };
  }

  async curvature(): Promise<CurvaturePoint> {
    const { eigenvalues = [], topShare = null } = await this.monitor.measure();
    return { eigenvalues, topShare };
  }

  /** What the net makes of the examples that are shown. */
  async answers(): Promise<Answers> {
    return answersOf(this.model, dataSets[this.settings.data].kind, this.measured);
  }

  /** The distribution of the eigenvalues of the Hessian. */
  async density(onProgress: OnProgress): Promise<Curve> {
    const hessian = new HessianOperator(objectiveOf(this.model, this.measured));
    try {
      const products = density.krylovDim * density.numProbes;
      const found = await spectralDensity(hessian, {
        ...density,
        gridSize: 256,
        onProgress: ({ numMatvecs }) => onProgress(numMatvecs / products),
      });
      return { xs: Array.from(found.grid), ys: Array.from(found.density) };
    } finally {
      hessian.dispose();
    }
  }

  /** The loss along e₁, in units of the mean step of SGD along it. */
  async section(onProgress: OnProgress): Promise<Curve> {
    const { learningRate, batchSize } = this.settings;
    const target = { model: this.model, data: this.measured };
    const { records } = await withSharpest(objectiveOf(this.model, this.measured), (eigenpairs) =>
      lossCrossSection(target, {
        eigenpairs,
        learningRate,
        batchSize: Math.min(batchSize, examplesOfUnit),
        k: 1,
        distances: [0, 0.25, 0.5, 1, 1.5, 2, 3, 4],
        onProgress: ({ done, total }) => onProgress(done / total),
      }),
    );
    const [{ offsets, losses }] = records as [(typeof records)[0]];
    return { xs: [...offsets], ys: [...losses] };
  }

  /** The loss over the plane of the two sharpest directions. */
  async slice(onProgress: OnProgress): Promise<Omit<LossSlice, 'run' | 'step'>> {
    return lossSlice(this.model, this.measured, this.settings, onProgress);
  }

  /** Nudges the next step along random directions in place of the sharpest ones. */
  pointAnywhere(seed: number): void {
    const { directions } = this.settings;
    const rows = tf.tidy(() => {
      const random = tf.randomNormal([directions, this.model.countParams()], 0, 1, 'float32', seed + 1);
      return tf.linalg.gramSchmidt(random as tf.Tensor2D) as tf.Tensor2D;
    });
    this.optimizer.setDirections(rows);
    rows.dispose();
  }

  /** What the net says of a square of the plane: as it is, with its weights moved along e₁, and along a random direction. */
  async opinions(distance: number): Promise<{ label: string; loss: number; answers: Answers }[]> {
    const objective = objectiveOf(this.model, this.measured);
    return withSharpest(objective, async ({ eigenvectors }) => {
      const theta = objective.parameters.read();
      const random = tf.randomNormal([theta.size], 0, 1, 'float32', 5);
      const moves: [string, tf.Tensor | null][] = [
        ['as it is', null],
        ['along e₁', tf.tidy(() => tf.reshape(tf.slice(eigenvectors, 0, 1), [-1]))],
        ['at random', tf.tidy(() => tf.div(random, tf.norm(random)))],
      ];
      try {
        const told = [];
        for (const [label, direction] of moves) {
          const place = tf.tidy(() =>
            direction == null ? tf.clone(theta) : tf.add(theta, tf.mul(direction, distance)),
          ) as tf.Tensor1D;
          objective.parameters.write(place);
          place.dispose();
          const { loss } = await this.progress();
          told.push({ label, loss, answers: await answersOnGrid(this.model) });
        }
        return told;
      } finally {
        objective.parameters.write(theta);
        tf.dispose([theta, random, ...moves.flatMap(([, direction]) => direction ?? [])]);
      }
    });
  }

  /** Frees the net and what trains it. */
  dispose(): void {
    this.monitor.dispose();
    this.optimizer.dispose();
    this.model.dispose();
  }
}
