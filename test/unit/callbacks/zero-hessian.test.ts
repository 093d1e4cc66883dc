import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { curvatureMonitor, modelObjective, NSGD } from '../../../src/index.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';

/** A model whose loss has no curvature at all: one softmax unit is 1, whatever its weights. */
function flatModel(optimizer: tf.Optimizer | string, kernel: 'zeros' | 'glorotNormal'): tfl.LayersModel {
  const kernelInitializer = kernel === 'zeros' ? 'zeros' : tfl.initializers.glorotNormal({ seed: 1 });
  const unit = tfl.layers.dense({ units: 1, inputShape: [5], activation: 'softmax', kernelInitializer });
  const model = tfl.sequential({ layers: [unit] });
  model.compile({ optimizer, loss: 'binaryCrossentropy' });
  return model;
}

it.each([
  ['cpu', 'zeros'],
  ['cpu', 'glorotNormal'],
  ['wasm', 'zeros'],
  ['wasm', 'glorotNormal'],
] as const)(
  'fit by NSGD, watched by curvatureMonitor, goes through where the Hessian is zero: %s, %s',
  async (backend, kernel) => {
    await useBackend(backend);
    const undo = backend === 'wasm' ? await registerWasmTrainingKernels() : null;
    const optimizer = new NSGD({ learningRate: 0.1, k: 2, refreshEvery: 1 });
    const model = flatModel(optimizer, kernel);
    const xs = tf.randomNormal([20, 5], 0, 1, 'float32', 5);
    const ys = tf.ones([20, 1]);
    const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 2, every: 1 });
    await model.fit(xs, ys, { epochs: 2, batchSize: 7, callbacks: monitor, verbose: 0 });
    expect(optimizer.status).toBe('converged');
    for (const value of optimizer.eigenvalues!) expect(Math.abs(value)).toBeLessThan(1e-6);
    expect(monitor.records.length).toBeGreaterThan(1);
    for (const { status, sharpness } of monitor.records) {
      expect(status).toBe('converged');
      expect(Math.abs(sharpness!)).toBeLessThan(1e-6);
    }
    monitor.dispose();
    optimizer.dispose();
    model.dispose();
    tf.dispose([xs, ys]);
    undo?.();
  },
);
