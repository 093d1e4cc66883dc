// Gradient descent on all of the data. Sharpness rises to 2/η and stays about there: try other learning rates.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { curvatureMonitor, modelObjective } from 'tfjs-curvature';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { sharpnessChart, toSvg } from 'tfjs-curvature/plot';

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const learningRate = 0.2;
const xs = tf.reshape(tf.linspace(-1, 1, 64), [64, 1]);
const ys = tf.sin(tf.mul(xs, 6));

const dense = (units, activation, seed) =>
  tfl.layers.dense({ units, activation, kernelInitializer: tfl.initializers.glorotNormal({ seed }) });
const model = tfl.sequential();
model.add(tfl.layers.inputLayer({ inputShape: [1] }));
model.add(dense(32, 'tanh', 1));
model.add(dense(32, 'tanh', 2));
model.add(dense(1, 'linear', 3));
model.compile({ optimizer: tf.train.sgd(learningRate), loss: 'meanSquaredError' });

const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 1, every: 20 });
await model.fit(xs, ys, { epochs: 1500, batchSize: 64, shuffle: false, verbose: 0, callbacks: monitor });

const { records } = monitor;
console.log('sharpness at the end', records.at(-1).sharpness.toFixed(1)); // 10.2
console.log(await toSvg(sharpnessChart([{ name: 'gradient descent', learningRate, records }])));
