import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { SeededRandom } from '../src/random.js';
import { startBackend } from './backend.js';
import { examples, makePoints } from './data-sets.js';
import type { Failure, MeasuredCurve, RunName, TrainingUpdate } from './records.js';
import type { Settings } from './settings.js';
import { TrainingRun } from './training-run.js';

/** Steps between points of the curves, and between measurements of the curvature. */
const reportEvery = 5;
const measureEvery = 25;

/** Whom a trainer tells what happens. */
export interface Listener {
  update(update: TrainingUpdate): void;
  /** Training has stopped by itself: a loss that is not finite, or an error. Records so far are good. */
  failed(failure: Failure): void;
}

const runNames: Record<Settings['optimizer'], RunName[]> = {
  sgd: ['SGD'],
  nsgd: ['NSGD'],
  both: ['SGD', 'NSGD'],
};

/** Trains and measures, in a worker, so that the page stays free. One call at a time changes its state. */
export class Trainer {
  private runs: TrainingRun[] = [];
  private data: { xs: Tensor; ys: Tensor } | null = null;
  private settings: Settings | null = null;
  private random = new SeededRandom(1);
  private step = 0;
  private isRunning = false;
  private loop: Promise<void> = Promise.resolve();
  private listener: Listener | null = null;

  /** Makes new nets, and tells how they stand. @returns the backend that did start */
  async reset(settings: Settings, listener: Listener): Promise<Settings['backend']> {
    await this.pause();
    this.release();
    const backend = await startBackend(settings.backend);
    const { points, classes } = makePoints(settings.data);
    this.data = { xs: tf.tensor2d(points), ys: tf.tensor2d(classes, [examples, 1]) };
    const { data } = this;
    this.runs = runNames[settings.optimizer].map((name) => new TrainingRun(name, settings, data));
    this.settings = settings;
    this.listener = listener;
    this.random = new SeededRandom(1);
    this.step = 0;
    await this.guard(() => this.report());
    return backend;
  }

  /** Trains until it is told to pause, or something goes wrong. */
  start(): void {
    if (this.isRunning || this.settings == null) return;
    this.isRunning = true;
    this.loop = this.guard(async () => {
      while (this.isRunning) await this.advance();
    });
  }

  /** Stops after the step under way. */
  async pause(): Promise<void> {
    this.isRunning = false;
    await this.loop;
  }

  /** One step, with all that can be measured after it. */
  async stepOnce(): Promise<void> {
    await this.pause();
    await this.guard(async () => {
      await this.advance();
      await this.report();
    });
  }

  async density(): Promise<MeasuredCurve[]> {
    return this.measureEach((run) => run.density());
  }

  async section(): Promise<MeasuredCurve[]> {
    return this.measureEach((run) => run.section());
  }

  private async measureEach(measure: (run: TrainingRun) => Promise<MeasuredCurve>): Promise<MeasuredCurve[]> {
    const wasRunning = this.isRunning;
    await this.pause();
    const curves: MeasuredCurve[] = [];
    await this.guard(async () => {
      for (const run of this.runs) curves.push(await measure(run));
    });
    if (wasRunning) this.start();
    return curves;
  }

  private async advance(): Promise<void> {
    const rows = tf.tensor1d(
      Array.from({ length: this.settings!.batchSize }, () => Math.floor(examples * this.random.uniform())),
      'int32',
    );
    for (const run of this.runs) await run.step(rows);
    rows.dispose();
    this.step++;
    if (this.step % reportEvery === 0) await this.report();
    // A task of the event loop, in which a message from the page can come in.
    await new Promise((resolve) => setTimeout(resolve));
  }

  private async report(): Promise<void> {
    const { step } = this;
    const progress: Record<string, unknown> = {};
    const curvature: Record<string, unknown> = {};
    for (const run of this.runs) {
      const record = await run.progress(step);
      if (!Number.isFinite(record.loss)) {
        throw new Error(`The loss of ${run.name} is no longer a finite number: try a smaller learning rate.`);
      }
      progress[run.name] = record;
      if (step % measureEvery === 0) curvature[run.name] = await run.curvature(step);
    }
    this.listener?.update({ step, progress, curvature });
  }

  /** Turns what goes wrong into a message, and stops. */
  private async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.isRunning = false;
      this.listener?.failed({ message: error instanceof Error ? error.message : String(error) });
    }
  }

  private release(): void {
    for (const run of this.runs) run.dispose();
    this.runs = [];
    if (this.data != null) tf.dispose(this.data);
    this.data = null;
  }
}
