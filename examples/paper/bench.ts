import '@tensorflow/tfjs-backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelTarget } from '../../src/analysis/analysis-target.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { createModel } from '../models/create-model.js';
import type { PreparedData } from './prepared-data.js';
import { prepareData } from './prepared-data.js';
import type { RunSettings } from './settings.js';
import type { SizePlan } from './size-plan.js';

/** What the findings work with. */
export interface Bench {
  readonly settings: RunSettings;
  readonly plan: SizePlan;
  readonly data: PreparedData;
  /** A fresh, compiled model. Equal seeds give equal weights. The caller disposes it. */
  createModel(seed: number): LayersModel;
  /** A model with the training data, as the analyses take it. */
  target(model: LayersModel): ModelTarget;
}

/** What a picture of the first seed shows, for the line under its heading. */
export function subtitleOf({ settings, plan }: Bench, how: string): string {
  return `${settings.model}, ${settings.data} (${plan.train}), ${how}, seed 1`;
}

/** Starts the WASM backend with its training kernels and loads the data. */
export async function openBench(settings: RunSettings, plan: SizePlan): Promise<Bench> {
  if (!(await setBackend('wasm'))) throw new Error('TensorFlow.js could not start its WASM backend');
  await registerWasmTrainingKernels();
  const data = prepareData(settings.data, settings.dataFolder, plan, settings.randomLabels);
  return {
    settings,
    plan,
    data,
    createModel: (seed) => {
      const shape = { inputShape: data.shape, classes: data.classes, seed };
      const model = createModel(settings.model, shape, plan.widths);
      model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
      return model;
    },
    target: (model) => ({ model, data: data.train }),
  };
}
