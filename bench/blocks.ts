// What a block of vectors at once is worth: node --experimental-wasm-relaxed-simd --import tsx bench/blocks.ts
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { matrixOperator } from '../src/operators/matrix-operator.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { mnistMlp } from '../test/spectrum-case.js';

const rounds = 9;
const vectors = 10;

await tf.setBackend('wasm');
await registerWasmTrainingKernels();

/** Milliseconds of each contender: medians over rounds in which they take turns. */
function interleave(contenders: readonly (() => tf.Tensor)[]): number[] {
  const times: number[][] = contenders.map(() => []);
  for (let round = -1; round < rounds; round++) {
    contenders.forEach((run, i) => {
      const start = performance.now();
      run().dispose();
      if (round >= 0) times[i]!.push(performance.now() - start);
    });
  }
  return times.map((list) => list.sort((a, b) => a - b)[rounds >> 1]!);
}

const n = 2000;
const entries: tf.Tensor2D = tf.randomNormal([n, n], 0, 1, 'float32', 1);
const matrix = matrixOperator(entries);
const rows: tf.Tensor2D = tf.randomNormal([vectors, n], 0, 1, 'float32', 2);
const singles = tf.unstack(rows) as tf.Tensor1D[];

const net = mnistMlp();
const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
const direction: tf.Tensor1D = tf.randomNormal([hessian.size], 0, 1, 'float32', 3);
const square: tf.Tensor2D = tf.randomNormal([512, 512], 0, 1, 'float32', 4);

const [block, oneByOne, product, matMul] = interleave([
  () => matrix.matmat!(rows),
  () => tf.tidy(() => tf.stack(singles.map((row) => matrix.matvec(row)))),
  () => hessian.matvec(direction),
  () => tf.matMul(square, square),
]) as [number, number, number, number];

/** Multiply–adds of a kept product of the MNIST net, 512 examples: see docs/benchmarks.md, M1. */
const productGflop = (0.153 * 512) / 128;
const ofProduct = productGflop / (product / 1e3);
const ofMatMul = (2 * 512 ** 3) / 1e9 / (matMul / 1e3);
console.log(
  `matrixOperator, n = ${n}: ${vectors} vectors at once ${block.toFixed(1)} ms, one by one ${oneByOne.toFixed(1)} ms`,
);
console.log(
  `Hessian product, MNIST net, 512 examples: ${product.toFixed(1)} ms, ${ofProduct.toFixed(1)} GFLOP/s`,
);
console.log(
  `matMul 512 · 512: ${ofMatMul.toFixed(1)} GFLOP/s, ${(ofMatMul / ofProduct).toFixed(2)} times that`,
);
