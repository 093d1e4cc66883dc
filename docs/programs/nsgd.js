// NSGD beside SGD, from the same weights on the same batches. Try other values of gamma.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { curvatureMonitor, modelObjective, NSGD } from 'tfjs-curvature';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { learningCurvesChart, toSvg } from 'tfjs-curvature/plot';

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const learningRate = 0.3;
const xs = tf.randomUniform([512, 2], -1, 1, 'float32', 1);
const ys = tf.cast(tf.less(tf.sum(tf.square(xs), 1, true), 0.5), 'float32'); // inside of a circle, or outside

const dense = (units, activation, seed) =>
  tfl.layers.dense({ units, activation, kernelInitializer: tfl.initializers.glorotUniform({ seed }) });

async function train(name, optimizer) {
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape: [2] }));
  model.add(dense(24, 'tanh', 1));
  model.add(dense(24, 'tanh', 2));
  model.add(dense(1, 'sigmoid', 3));
  model.compile({ optimizer, loss: 'binaryCrossentropy' });
  const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 1, every: 16 });
  await model.fit(xs, ys, { epochs: 60, batchSize: 64, shuffle: false, verbose: 0, callbacks: monitor });
  return { name, learningRate, records: monitor.records };
}

const runs = [
  await train('NSGD', new NSGD({ learningRate, gamma: 0.1, k: 3 })),
  await train('SGD', tf.train.sgd(learningRate)),
];
const [nsgd, sgd] = runs.map(({ records }) => records.at(-1));
console.log('loss', nsgd.loss.toFixed(3), sgd.loss.toFixed(3)); // loss 0.080 0.087
console.log('sharpness', nsgd.sharpness.toFixed(1), sgd.sharpness.toFixed(1)); // sharpness 6.3 5.3
console.log(await toSvg(learningCurvesChart(runs)));
