import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

import { beforeAll, expect, it } from 'vitest';
import { checkOperator, HessianOperator, lossObjective } from '../../../src/index.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

/** Losses of a [3, 4] that TensorFlow.js differentiates not at all, or wrong. */
const losses: Readonly<Record<string, (w: tf.Tensor2D) => Tensor>> = {
  'a comparison': (w) => tf.where(tf.greater(w, 0.5), tf.log(w), tf.square(w)),
  'the largest entries': (w) => tf.square(tf.topk(w, 2).values),
  'an einsum': (w) => tf.square(tf.einsum('ij,kj->ik', w, w)),
  'gathered entries': (w) =>
    tf.square(
      tf.gatherND(
        w,
        tf.tensor2d(
          [
            [0, 1],
            [2, 3],
          ],
          [2, 2],
          'int32',
        ),
      ),
    ),
  'scattered rows': (w) => tf.square(tf.scatterND(tf.tensor2d([[0], [2], [3]], [3, 1], 'int32'), w, [4, 4])),
  'a running sum down the columns': (w) => tf.exp(tf.cumsum(w, 0)),
  'a band of a matrix': (w) => tf.square(tf.matMul(tf.linalg.bandPart(w, 1, 1), w, false, true)),
  'an enlarged image': (w) =>
    tf.exp(tf.image.resizeBilinear(tf.reshape(w, [3, 4, 1]) as tf.Tensor3D, [5, 7])),
};

it.each(Object.entries(losses))(
  'has products by differences for %s, and judges exact ones',
  async (_, loss) => {
    const before = tf.memory().numTensors;
    const w = tf.tidy(() =>
      tf.variable(
        tf.add(tf.randomUniform([3, 4], 0.1, 0.2, 'float32', 1), tf.reshape(tf.linspace(0, 1.1, 12), [3, 4])),
      ),
    );
    const objective = lossObjective(
      () => tf.tidy(() => tf.sum(loss(w as unknown as tf.Tensor2D)) as Scalar),
      [w],
    );
    const exact = new HessianOperator(objective);
    const differences = new HessianOperator(objective, { method: 'finiteDifference' });
    const v = tf.randomNormal([12], 0, 1, 'float32', 2) as tf.Tensor1D;
    const [wanted, measured] = [exact.matvec(v), differences.matvec(v)];
    expect(relativeError(measured.dataSync(), wanted.dataSync())).toBeLessThan(1e-3);
    expect((await checkOperator(exact)).findings).toEqual([]);
    exact.dispose();
    differences.dispose();
    tf.dispose([v, w, wanted, measured]);
    expect(tf.memory().numTensors).toBe(before);
  },
);
