import {
  broadcastTo,
  cast,
  div,
  expandDims,
  gather,
  greaterEqual,
  logicalAnd,
  mean,
  minimum,
  mul,
  pad,
  reshape,
  sign,
  slice,
  split,
  square,
  squeeze,
  stridedSlice,
  sub,
  sum,
  Tensor,
  transpose,
} from '@tensorflow/tfjs-core';

/** The ops that tfjs-core and tfjs-layers 4.22 call as methods of tensors. */
const ops = {
  broadcastTo,
  cast,
  div,
  expandDims,
  flatten: (x: Tensor): Tensor => reshape(x, [x.size]),
  gather,
  greaterEqual,
  logicalAnd,
  mean,
  minimum,
  mul,
  pad,
  reshape,
  sign,
  slice,
  split,
  square,
  squeeze,
  stridedSlice,
  sub,
  sum,
  transpose,
};

/**
 * Gives tensors the methods (`x.flatten()`) that TensorFlow.js itself calls, where they are missing.
 *
 * Only the union package `@tensorflow/tfjs` brings these methods. With `@tensorflow/tfjs-core` and `-layers` alone
 * the default initializer of LSTM, GRU and SimpleRNN layers fails with `rMat.flatten is not a function`; calling
 * this once, before such a layer is built, cures it. Methods that are there stay as they are.
 *
 * @example
 * registerChainedOps();
 * const model = tfl.sequential({ layers: [tfl.layers.lstm({ units: 8, inputShape: [20, 4] })] });
 */
export function registerChainedOps(): void {
  const prototype = Tensor.prototype as unknown as Record<string, unknown>;
  for (const [name, op] of Object.entries(ops)) {
    if (name in prototype) continue;
    const call = op as (...args: unknown[]) => unknown;
    prototype[name] = function (this: Tensor, ...args: unknown[]): unknown {
      return call(this, ...args);
    };
  }
}
