import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { DataName } from './choices.js';
import { dataSets, measuredExamples } from './choices.js';
import { loadImages } from './image-samples.js';
import { makePoints } from './points.js';

/** Inputs [N, …], and classes [N, C] as rows of zeros with a one. */
export interface Examples {
  readonly xs: Tensor;
  readonly ys: Tensor;
}

/** How the inputs of a data set are come by. */
const sources: Record<DataName, () => Tensor | Promise<Tensor>> = {
  moons: () => makePoints('moons', dataSets.moons.examples),
  circles: () => makePoints('circles', dataSets.circles.examples),
  spirals: () => makePoints('spirals', dataSets.spirals.examples),
  mnist: () => loadImages('mnist'),
  'fashion-mnist': () => loadImages('fashion-mnist'),
};

/** The examples of a data set, and the first of them, which everything is measured on. The caller's to dispose. */
export async function loadExamples(name: DataName): Promise<{ all: Examples; measured: Examples }> {
  const classes = dataSets[name].classes.length;
  const xs = await sources[name]();
  const labels = Array.from({ length: xs.shape[0]! }, (_, i) => i % classes);
  const ys = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'));
  const first = (tensor: Tensor): Tensor => tf.slice(tensor, 0, Math.min(measuredExamples, tensor.shape[0]!));
  return { all: { xs, ys }, measured: { xs: first(xs), ys: first(ys) } };
}
