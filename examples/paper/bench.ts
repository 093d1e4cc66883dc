import '@tensorflow/tfjs-backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelTarget } from '../../src/analysis/analysis-target.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { createModel } from '../models/create-model.js';
import type { PlannedRun } from './planned-run.js';
import type { PreparedData } from './prepared-data.js';

/** What the units of a finding work with. */
export interface Bench extends PlannedRun {
  readonly data: PreparedData;
  /** A fresh, compiled model. Equal seeds give equal weights. The caller disposes it. */
  createModel(seed: number): LayersModel;
  /** A model with the training data, as the analyses take it. */
  target(model: LayersModel): ModelTarget;
}

/** Starts the WASM backend with its training kernels. @returns puts the stock kernels back */
export async function startBackend(): Promise<() => void> {
  if (!(await setBackend('wasm'))) throw new Error('TensorFlow.js could not start its WASM backend');
  return registerWasmTrainingKernels();
}

/** The bench of a run; the data stay the caller's. */
export function createBench({ settings, plan }: PlannedRun, data: PreparedData): Bench {
  return {
    settings,
    plan,
    data,
    createModel: (seed) => {
      const [height, width, channels] = data.shape as [number, number, number];
      const shape = { inputShape: [height, width, channels] as const, classes: data.classes, seed };
      const model = createModel(settings.model, shape, plan.widths);
      model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
      return model;
    },
    target: (model) => ({ model, data: data.train }),
  };
}
