import * as tf from '@tensorflow/tfjs-core';
import { startBackend } from '../backend.js';
import type { Examples } from '../examples.js';
import { loadExamples } from '../examples.js';
import type { Answers } from '../records.js';
import { defaultsFor } from '../settings.js';
import { TrainingRun } from '../training-run.js';

/** A run of the story: gradient descent on all points, nudged along the sharpest directions or along random ones. */
export interface StoryRun {
  readonly label: string;
  readonly learningRate: number;
  /** γ; 1 for plain gradient descent. */
  readonly gamma: number;
  readonly isRandom?: boolean;
}

/** How a run stands. */
export interface StoryPoint {
  readonly loss: number;
  readonly sharpness: number | null;
}

/** What a net says of the plane, and its loss there. */
export interface Opinion {
  readonly label: string;
  readonly loss: number;
  readonly answers: Answers;
}

const settings = { ...defaultsFor('moons', 'mlp'), directions: 2 };

/** Trains the nets of the story, in a worker of its own. One scene after the other: calls wait their turn. */
export class StoryTrainer {
  private examples: Promise<Examples> | null = null;
  private last: Promise<unknown> = Promise.resolve();

  /** Trains runs side by side from the same weights, and tells how they stand, every few steps. */
  async train(
    plans: readonly StoryRun[],
    steps: number,
    every: number,
    tell: (step: number, points: StoryPoint[]) => boolean | Promise<boolean>,
  ): Promise<void> {
    await this.inTurn(async (data) => {
      const runs = plans.map((plan) => ({ plan, run: this.begin(plan, data) }));
      const rows = tf.range(0, data.xs.shape[0]!, 1, 'int32');
      try {
        for (let step = 0; step <= steps; step++) {
          if (step % every === 0) {
            const points: StoryPoint[] = [];
            for (const { run } of runs) points.push(await standing(run));
            if (!(await tell(step, points))) return;
          }
          for (const { plan, run } of runs) {
            if (plan.isRandom === true) run.pointAnywhere(step);
            await run.step(rows);
          }
        }
      } finally {
        rows.dispose();
        for (const { run } of runs) run.dispose();
      }
    });
  }

  /** What a net says after some steps; after its weights are moved along e₁; and as far along a random direction. */
  async opinions(steps: number, distance: number): Promise<{ points: Float32Array; opinions: Opinion[] }> {
    return this.inTurn(async (data) => {
      const run = this.begin({ label: '', learningRate: settings.learningRate, gamma: 1 }, data);
      const rows = tf.range(0, data.xs.shape[0]!, 1, 'int32');
      try {
        for (let step = 0; step < steps; step++) await run.step(rows);
        const told = await run.opinions(distance);
        return { points: await data.xs.data<'float32'>(), opinions: told };
      } finally {
        rows.dispose();
        run.dispose();
      }
    });
  }

  private begin({ learningRate, gamma }: StoryRun, data: Examples): TrainingRun {
    return new TrainingRun(gamma === 1 ? 'SGD' : 'NSGD', { ...settings, learningRate, gamma }, data, data);
  }

  private inTurn<T>(work: (data: Examples) => Promise<T>): Promise<T> {
    const result = this.last.then(async () => {
      this.examples ??= startBackend('wasm').then(async () => (await loadExamples('moons')).all);
      return work(await this.examples);
    });
    this.last = result.catch(() => {});
    return result;
  }
}

async function standing(run: TrainingRun): Promise<StoryPoint> {
  const { loss } = await run.progress();
  const { eigenvalues } = await run.curvature();
  return { loss, sharpness: eigenvalues[0] ?? null };
}
