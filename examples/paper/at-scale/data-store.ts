import { dispose } from '@tensorflow/tfjs-core';
import type { PreparedData } from '../prepared-data.js';
import { prepareData } from '../prepared-data.js';
import type { ScalePlan, TrainingRun } from './training-run.js';

/** Holds the data of one run, and of those that have the same. */
export class DataStore {
  private loaded: { readonly key: string; readonly data: PreparedData } | null = null;

  /** @param settings sizes, and the folder with the original files; null for the npm package */
  constructor(
    private readonly settings: {
      readonly planOf: (run: TrainingRun) => ScalePlan;
      readonly dataFolder: string | null;
    },
  ) {}

  load(run: TrainingRun): PreparedData {
    const { dataFolder, planOf } = this.settings;
    const plan = planOf(run);
    const key = JSON.stringify([run.data, plan.train, plan.validation, plan.test]);
    if (this.loaded?.key !== key) {
      this.dispose();
      this.loaded = { key, data: prepareData(run.data, dataFolder, plan, 0) };
    }
    return this.loaded!.data;
  }

  dispose(): void {
    if (this.loaded == null) return;
    const { train, validation, test } = this.loaded.data;
    dispose([train, validation, test].flatMap(({ xs, ys }) => [xs, ys]));
    this.loaded = null;
  }
}
