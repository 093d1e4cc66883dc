import * as tf from '@tensorflow/tfjs-core';
import type { StartedBackend } from './backend.js';
import { startBackend } from './backend.js';
import type { BackendName } from './choices.js';
import { dataSets } from './choices.js';
import { loadExamples } from './examples.js';
import { explain } from './explain.js';
import { shownExamples } from './net-answers.js';
import { nextTask } from './next-task.js';
import type {
  AnswersByRun,
  LossSlice,
  MeasuredCurve,
  OnProgress,
  RunName,
  ShownExamples,
  TrainingUpdate,
} from './records.js';
import type { Retuning, Settings } from './settings.js';
import { TrainingRun } from './training-run.js';

/** Steps from one point of the curves to the next, where measuring is cheap. Where it is not, points are left out. */
const reportEvery = 5;

/** Milliseconds of steps after which there is a report in any case. */
const longestPause = 500;

/** Whom a trainer tells what happens. */
export interface Listener {
  /** Resolves when it has been heard: training waits for a page that is behind. */
  update(update: TrainingUpdate, answers: AnswersByRun): void | Promise<void>;
  /** Training has stopped by itself: a loss that is not finite, or an error. Records so far are good. */
  failed(message: string): void;
}

const runNames: Record<Settings['optimizer'], RunName[]> = {
  sgd: ['SGD'],
  nsgd: ['NSGD'],
  both: ['SGD', 'NSGD'],
};

/** Trains and measures, in a worker, so that the page stays free. Calls may come at any time: they wait their turn. */
export class Trainer {
  private runs: TrainingRun[] = [];
  private examples = 0;
  private settings: Settings | null = null;
  /** When the last report was made, and what it took: the next may follow when as long has gone into steps. */
  private lastReport = { at: -Infinity, took: 0 };
  private step = 0;
  /** The step that was last told of. */
  private reported = -1;
  private isRunning = false;
  private listener: Listener | null = null;
  private last: Promise<unknown> = Promise.resolve();

  /** Starts what computes. @returns the backend that did start */
  async prepare(wanted: BackendName): Promise<StartedBackend> {
    return this.exclusively(() => startBackend(wanted));
  }

  /** Makes the nets and tells how they stand. To be called once, when a backend has started. @returns what to show */
  async begin(settings: Settings, listener: Listener): Promise<ShownExamples> {
    return this.exclusively(async () => {
      const { all, measured } = await loadExamples(settings.data);
      this.runs = runNames[settings.optimizer].map((name) => new TrainingRun(name, settings, all, measured));
      this.examples = all.xs.shape[0]!;
      this.settings = settings;
      this.listener = listener;
      await this.report();
      return shownExamples(dataSets[settings.data].kind, measured);
    });
  }

  /** Changes what can be changed in the middle of a run, from the next step on. */
  async retune(retuning: Retuning): Promise<void> {
    await this.exclusively(async () => {
      this.settings = { ...this.settings!, ...retuning };
      for (const run of this.runs) run.retune(retuning);
    });
  }

  /** Trains until it is told to pause, or something goes wrong. */
  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.train();
  }

  /** Stops after the step under way, and tells how things stand. */
  async pause(): Promise<void> {
    this.isRunning = false;
    await this.exclusively(() => this.report());
  }

  /** One step, and how things stand after it. */
  async stepOnce(): Promise<void> {
    this.isRunning = false;
    await this.exclusively(async () => {
      await this.advance();
      await this.report();
    });
  }

  async density(onProgress: OnProgress): Promise<MeasuredCurve[]> {
    return this.measureEach(onProgress, (run, onPart) => run.density(onPart));
  }

  async section(onProgress: OnProgress): Promise<MeasuredCurve[]> {
    return this.measureEach(onProgress, (run, onPart) => run.section(onPart));
  }

  async slice(onProgress: OnProgress): Promise<LossSlice[]> {
    return this.measureEach(onProgress, (run, onPart) => run.slice(onPart));
  }

  /** Measures one run after the other, between two steps. */
  private measureEach<T>(
    onProgress: OnProgress,
    measure: (run: TrainingRun, onPart: OnProgress) => Promise<T>,
  ): Promise<(T & { run: RunName; step: number })[]> {
    return this.exclusively(async () => {
      const measured = [];
      for (const [i, run] of this.runs.entries()) {
        const result = await measure(run, (share) => onProgress((i + share) / this.runs.length));
        measured.push({ ...result, run: run.name, step: this.step });
      }
      return measured;
    });
  }

  private async train(): Promise<void> {
    try {
      while (this.isRunning) {
        await this.exclusively(() => this.advance());
        // So that a message from the page can come in.
        await nextTask();
      }
    } catch (error) {
      this.isRunning = false;
      this.listener?.failed((error as Error).message);
    }
  }

  private async advance(): Promise<void> {
    const rows = this.drawRows();
    for (const run of this.runs) await run.step(rows);
    rows.dispose();
    this.step++;
    const { at, took } = this.lastReport;
    const isDue = performance.now() - at >= Math.min(took, longestPause);
    if (this.step % reportEvery === 0 && isDue) await this.report();
  }

  /** The examples of a step. */
  private drawRows(): tf.Tensor1D {
    const { batchSize } = this.settings!;
    if (batchSize === this.examples) return tf.range(0, batchSize, 1, 'int32');
    return tf.randomUniformInt([batchSize], 0, this.examples, this.step + 1) as tf.Tensor1D;
  }

  /** Tells how all runs stand, once a step. */
  private async report(): Promise<void> {
    const { step } = this;
    if (step === this.reported) return;
    const began = performance.now();
    const progress: TrainingUpdate['progress'] = Object.fromEntries(
      await this.ofEach(async (run) => {
        const record = await run.progress();
        if (Number.isFinite(record.loss)) return record;
        throw new Error(`The loss of ${run.name} is no longer a finite number: try a smaller learning rate.`);
      }),
    );
    const curvature = Object.fromEntries(await this.ofEach((run) => run.curvature()));
    const answers = Object.fromEntries(await this.ofEach((run) => run.answers()));
    const ended = performance.now();
    // The first one compiles and allocates, and says nothing of the next.
    this.lastReport = { at: ended, took: step === 0 ? 0 : ended - began };
    this.reported = step;
    const { learningRate } = this.settings!;
    await this.listener?.update({ step, learningRate, progress, curvature }, answers);
  }

  private async ofEach<T>(measure: (run: TrainingRun) => Promise<T>): Promise<[RunName, T][]> {
    const all: [RunName, T][] = [];
    for (const run of this.runs) all.push([run.name, await measure(run)]);
    return all;
  }

  /** Does some work when all that was asked for before is done. What goes wrong is thrown in words for the visitor. */
  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work).catch((error: unknown) => {
      throw new Error(explain(error));
    });
    this.last = result.catch(() => {});
    return result;
  }
}
