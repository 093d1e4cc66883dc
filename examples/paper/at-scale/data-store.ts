import { dispose } from '@tensorflow/tfjs-core';
import type { PreparedData } from '../prepared-data.js';
import { prepareData } from '../prepared-data.js';
import type { ScalePlan, TrainingRun } from './training-run.js';

/** Holds the data of one name at a time. */
export class DataStore {
  private loaded: { readonly name: TrainingRun['data']; readonly data: PreparedData } | null = null;

  /** @param settings the sizes, and the folder with the original files; null for the npm package */
  constructor(private readonly settings: { readonly plan: ScalePlan; readonly dataFolder: string | null }) {}

  load(name: TrainingRun['data']): PreparedData {
    if (this.loaded?.name !== name) {
      this.dispose();
      const { dataFolder, plan } = this.settings;
      this.loaded = { name, data: prepareData(name, dataFolder, plan, 0) };
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
