// How many eigenvalues the Hessian has where: its spectral density, by stochastic Lanczos quadrature.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { HessianOperator, modelObjective, spectralDensity, trace } from 'tfjs-curvature';
import { spectralDensityChart, toSvg } from 'tfjs-curvature/plot';

await tf.setBackend('wasm');
const xs = tf.randomNormal([256, 10], 0, 1, 'float32', 1);
const ys = tf.oneHot(tf.cast(tf.less(tf.sum(xs, 1), 0), 'int32'), 2);
const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
const model = tfl.sequential();
model.add(tfl.layers.dense({ units: 16, activation: 'tanh', inputShape: [10], kernelInitializer }));
model.add(tfl.layers.dense({ units: 2, activation: 'softmax', kernelInitializer }));
model.compile({ optimizer: tf.train.sgd(0.5), loss: 'categoricalCrossentropy' });
await model.fit(xs, ys, { epochs: 20, batchSize: 64, shuffle: false, verbose: 0 });

const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
const density = await spectralDensity(hessian, { seed: 1 });
console.log(await toSvg(spectralDensityChart(density)));
const { value } = await trace(hessian, { seed: 1 });
console.log('trace', value.toFixed(2)); // 5.53
