import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import type { KinkCase } from './case.js';

/*
 * Windows with several equal maxima: the first of them, in row-major order, is the maximum. Each loss is
 * Σ kᵢ yᵢ²/2 over the windows i = 1, 2, …, so that an entry that is the maximum v of the windows in K has the slope v Σ k and
 * the curvature Σ k.
 */

const loss = (y: tf.Tensor): tf.Tensor =>
  tf.sum(tf.mul(tf.mul(tf.square(y), 0.5), tf.reshape(tf.range(1, y.size + 1), y.shape)));

/** @param taken for each entry the sum of the numbers of the windows whose maximum it is */
function pooling(
  name: string,
  shape: number[],
  values: number[] | number,
  pool: (x: tf.Tensor) => tf.Tensor,
  taken: number[],
): KinkCase {
  const size = tf.util.sizeFromShape(shape);
  const at = typeof values === 'number' ? new Array<number>(size).fill(values) : values;
  return {
    name,
    at: [at],
    loss: (x) => loss(pool(tf.reshape(x!, shape))),
    gradient: taken.map((count, i) => count * at[i]!),
    hessian: taken,
  };
}

const pool4 =
  (size: number, strides: number, pad: 'valid' | 'same' | number) =>
  (x: tf.Tensor): tf.Tensor =>
    tf.maxPool(x as tf.Tensor4D, size, strides, pad);

export const poolingCases: readonly KinkCase[] = [
  // Windows 1 2 / 3 4 begin at rows and columns 0 and 2.
  pooling('maxPool of a blank image', [1, 4, 4, 1], 2, pool4(2, 2, 'valid'), [
    ...[1, 0, 2, 0],
    ...[0, 0, 0, 0],
    ...[3, 0, 4, 0],
    ...[0, 0, 0, 0],
  ]),
  // The last column belongs to no window.
  pooling(
    'maxPool of negative rows of equals',
    [1, 2, 5, 1],
    [-1, -1, -3, -2, 9, -1, -1, -2, -2, 9],
    pool4(2, 2, 'valid'),
    [...[1, 0, 0, 2, 0], ...[0, 0, 0, 0, 0]],
  ),
  // Windows of 3 begin at −1, 0 and 1.
  pooling(
    'maxPool of a blank row with overlaps and padding',
    [1, 1, 3, 1],
    2,
    pool4(3, 1, 'same'),
    [3, 3, 0],
  ),
  // One cell of padding behind: windows begin at 0 and 2.
  pooling('maxPool padded on one side', [1, 3, 3, 1], 1, pool4(2, 2, 'same'), [1, 0, 2, 0, 0, 0, 3, 0, 4]),
  pooling('maxPool padded by a number', [1, 2, 2, 1], 1, pool4(2, 2, 1), [1, 2, 3, 4]),
  pooling('maxPool of two blank images with two channels', [2, 2, 2, 2], 1, pool4(2, 1, 'valid'), [
    ...[1, 2, 0, 0, 0, 0, 0, 0],
    ...[3, 4, 0, 0, 0, 0, 0, 0],
  ]),
  pooling(
    'a MaxPooling2D layer on a blank image',
    [1, 2, 2, 1],
    1,
    (x) => layers.maxPooling2d({ poolSize: 2 }).apply(x) as tf.Tensor,
    [1, 0, 0, 0],
  ),
  pooling(
    'a GlobalMaxPooling2D layer, which takes a maximum over axes',
    [1, 2, 2, 1],
    1,
    (x) => layers.globalMaxPooling2d({}).apply(x) as tf.Tensor,
    [0, 0, 0, 1],
  ),
  pooling(
    'maxPoolWithArgmax of a blank image',
    [1, 2, 4, 1],
    1,
    (x) => tf.maxPoolWithArgmax(x as tf.Tensor4D, 2, 2, 'valid', true).result!,
    [1, 0, 2, 0, 0, 0, 0, 0],
  ),
  pooling(
    'maxPool3d of a blank volume',
    [1, 2, 2, 4, 1],
    3,
    (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'valid'),
    [1, 0, 2, 0, ...new Array<number>(12).fill(0)],
  ),
  pooling(
    'maxPool3d padded on one side',
    [1, 2, 3, 3, 1],
    -1,
    (x) => tf.maxPool3d(x as tf.Tensor5D, [1, 2, 2], [1, 2, 2], 'same'),
    [1, 0, 2, 0, 0, 0, 3, 0, 4, 5, 0, 6, 0, 0, 0, 7, 0, 8],
  ),
  pooling(
    'dilation2d of a blank image by a blank filter',
    [1, 2, 2, 1],
    1,
    (x) => tf.dilation2d(x as tf.Tensor4D, tf.zeros<tf.Rank.R3>([2, 2, 1]), 1, 'valid'),
    [1, 0, 0, 0],
  ),
  {
    name: 'dilation2d, by its filter',
    at: [[0, 0, 0, 0]],
    loss: (w) =>
      loss(tf.dilation2d(tf.ones<tf.Rank.R4>([1, 3, 2, 1]), tf.reshape(w!, [2, 2, 1]), 1, 'valid')),
    gradient: [3, 0, 0, 0],
    hessian: [3, 0, 0, 0],
  },
];
