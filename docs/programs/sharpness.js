// The three largest eigenvalues of the Hessian of a small net. The first one is its sharpness.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import { HessianOperator, lanczos, modelObjective } from 'tfjs-curvature';

await tf.setBackend('wasm');
const xs = tf.randomUniform([256, 2], -1, 1, 'float32', 1);
const ys = tf.sum(xs, 1, true);
const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
const model = tfl.sequential();
model.add(tfl.layers.dense({ units: 8, activation: 'tanh', inputShape: [2], kernelInitializer }));
model.add(tfl.layers.dense({ units: 1, kernelInitializer }));
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });

const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
const { status, eigenvalues } = await lanczos(hessian, { k: 3 });
const values = Array.from(eigenvalues, (value) => value.toFixed(3));
console.log(status, values); // converged [4.099, 2.053, 1.403]
