// A derivative of a derivative of a derivative. TensorFlow.js alone differentiates once.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { grad } from 'tfjs-curvature';

await tf.setBackend('cpu');
const first = grad((x) => tf.tanh(x));
const second = grad(first);
const third = grad(second);
const x = tf.tensor1d([0, 0.5]);
const at = (f) => Array.from(f(x).dataSync(), (value) => value.toFixed(4));
console.log(at(first)); // [1.0000, 0.7864]
console.log(at(second)); // [0, -0.7269]
console.log(at(third)); // [-2.0000, -0.5652]
