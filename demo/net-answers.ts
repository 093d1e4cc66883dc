import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { DataKind } from './choices.js';
import type { Examples } from './examples.js';
import { grid } from './grid.js';
import type { Answers, ShownExamples } from './records.js';

/** Images that are shown: two of each class. */
const shownImages = 20;

/** Of the measured examples, those that the page shows: all points, or the first images. */
export async function shownExamples(kind: DataKind, { xs }: Examples): Promise<ShownExamples> {
  return {
    kind,
    values: await read(() => (kind === 'points' ? tf.clone(xs) : tf.slice(xs, 0, shownImages))),
  };
}

/** What a net makes of the examples that are shown. Cost: one forward pass. */
export async function answersOf(model: LayersModel, kind: DataKind, measured: Examples): Promise<Answers> {
  return kind === 'points' ? answersOnGrid(model) : read(() => classesOf(model, measured.xs));
}

/** Probabilities of the first class at the places of `grid`, row by row from below. */
export function answersOnGrid(model: LayersModel): Promise<Float32Array> {
  const { side, reach } = grid;
  const at = (i: number): number => reach * ((2 * (i + 0.5)) / side - 1);
  const places = Array.from({ length: side * side }, (_, i) => [at(i % side), at(Math.floor(i / side))]);
  return read(() => tf.slice(predict(model, tf.tensor2d(places)), [0, 0], [-1, 1]));
}

function classesOf(model: LayersModel, xs: Tensor): Tensor {
  return tf.cast(tf.argMax(predict(model, tf.slice(xs, 0, shownImages)), -1), 'float32');
}

function predict(model: LayersModel, xs: Tensor): Tensor {
  return model.predict(xs, { batchSize: xs.shape[0]! }) as Tensor;
}

/** The values of a tensor that is made for this alone. */
async function read(make: () => Tensor): Promise<Float32Array> {
  const made = tf.tidy(make);
  const values = await made.data<'float32'>();
  made.dispose();
  return values;
}
