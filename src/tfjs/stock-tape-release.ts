import type { Tensor } from '@tensorflow/tfjs-core';
import { engineInternals } from './engine.js';
import { patchEngine } from './patches.js';

/**
 * Runs a differentiation by TensorFlow.js's own tape. Where it throws, the engine goes on holding that tape, the tensors
 * saved on it, and those saved for an operation that failed before it came onto the tape: they are disposed.
 */
export function withStockTape<T>(differentiate: () => T): T {
  const engine = engineInternals();
  const [clone, keep] = [engine.clone.bind(engine), engine.keep.bind(engine)];
  let copy: Tensor | null = null;
  const saved: Tensor[] = [];
  const unpatch = patchEngine({
    // The engine alone clones so: tf.clone runs a kernel.
    clone: (tensor) => (copy = clone(tensor)),
    keep: (tensor) => {
      if (tensor === copy) saved.push(tensor);
      return keep(tensor);
    },
  });
  try {
    return differentiate();
  } catch (error) {
    if (engine.state.gradientDepth === 0) {
      for (const tensor of saved) tensor.dispose();
      engine.state.activeTape = null;
    }
    throw error;
  } finally {
    unpatch();
  }
}

/** Disposes the tensors that are saved on TensorFlow.js's own tape. */
export function releaseStockTape(): void {
  const { activeTape } = engineInternals().state;
  for (const { saved } of activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose();
}
