import { workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { createShardService } from 'tfjs-curvature/workers';
import workerpool from 'workerpool';
import { registerChainedOps } from '../tfjs/chained-ops.js';

/** What a thread is started with. */
export interface ThreadData {
  readonly backend: string;
  /** URLs of modules to import first. */
  readonly register: readonly string[];
}

const { backend, register } = workerData as ThreadData;

// Core and layers alone cannot build recurrent layers.
registerChainedOps();

/** Started once, with the first model. */
let start: Promise<void> | null = null;

async function prepare(): Promise<void> {
  if (backend === 'wasm' || backend === 'cpu') await import(`@tensorflow/tfjs-backend-${backend}`);
  for (const url of register) await import(url);
  const isKnown = await tf.setBackend(backend);
  if (!isKnown) throw new Error(`the backend ${backend} does not start`);
  if (backend !== 'wasm') return;
  const { registerWasmTrainingKernels } = await import('tfjs-curvature/wasm');
  await registerWasmTrainingKernels();
}

workerpool.worker({ ...createShardService(() => (start ??= prepare())) });
