import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad, NSGD, variableGrads } from '../../../src/index.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { engineState } from '../autodiff/transforms/values.js';

const filled = (shape: number[], seed: number): Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) =>
      Math.sin(12.9898 * (i + 1) + 78.2 * seed),
    ),
    shape,
  );

/** A loss of variables of some shapes. */
interface Case {
  readonly shapes: number[][];
  readonly loss: (variables: Variable[]) => Tensor;
}

/** The variables after some steps. */
function train(optimizer: tf.Optimizer, { shapes, loss }: Case, steps: number): number[] {
  const variables = shapes.map((shape, i) => tf.tidy(() => tf.variable(filled(shape, i))));
  let calls = 0;
  for (let step = 0; step < steps; step++) {
    optimizer.minimize(
      () => {
        calls++;
        return tf.tidy(() => loss(variables) as Scalar);
      },
      false,
      variables,
    );
  }
  expect(calls).toBe(steps);
  const weights = variables.flatMap((variable) => Array.from(variable.dataSync()));
  tf.dispose(variables);
  optimizer.dispose();
  return weights;
}

/** What gradient descent along the right gradient comes to. */
function descend({ shapes, loss }: Case, rate: number, steps: number): number[] {
  const variables = shapes.map((shape, i) => tf.tidy(() => tf.variable(filled(shape, i))));
  for (let step = 0; step < steps; step++) {
    tf.tidy(() => {
      const { grads } = variableGrads(() => loss(variables) as Scalar, variables);
      for (const variable of variables) {
        const gradient = grads[variable.name];
        if (gradient != null) variable.assign(tf.sub(variable, tf.mul(rate, gradient)));
      }
    });
  }
  const weights = variables.flatMap((variable) => Array.from(variable.dataSync()));
  tf.dispose(variables);
  return weights;
}

const meanSquare = (x: Tensor): Tensor => tf.mean(tf.square(x));

/** Losses that TensorFlow.js differentiates wrong or not at all. */
const wrong: Record<string, Case> = {
  'a gradient penalty': {
    shapes: [
      [3, 4],
      [4, 1],
    ],
    loss: ([a, b]) => {
      const net = (x: Tensor): Tensor =>
        tf.matMul(
          tf.tanh(tf.matMul(x as tf.Tensor2D, a as unknown as tf.Tensor2D)),
          b as unknown as tf.Tensor2D,
        );
      return meanSquare(
        tf.sub(tf.norm(tf.grad((x: Tensor) => tf.sum(net(x)))(filled([2, 3], 9)), 'euclidean', 1), 1),
      );
    },
  },
  'a gradient by our own grad': {
    shapes: [[3]],
    loss: ([w]) => meanSquare(grad((x) => tf.sum(tf.tanh(tf.mul(w!, x))))(filled([3], 5))),
  },
  'a dilated convolution': {
    shapes: [[2, 2, 1, 2]],
    loss: ([w]) =>
      meanSquare(tf.conv2d(filled([1, 6, 6, 1], 3) as tf.Tensor4D, w as never, 1, 'same', 'NHWC', 2)),
  },
  'a thresholded relu': {
    shapes: [[2, 3]],
    loss: ([w]) => meanSquare(tfl.layers.thresholdedReLU({ theta: 0.1 }).apply(w!) as Tensor),
  },
  'a mirrored border': {
    shapes: [[4]],
    loss: ([w]) => meanSquare(tf.mul(tf.mirrorPad(w!, [[2, 2]], 'reflect'), filled([8], 2))),
  },
  'the root of a rectifier that is 0': {
    shapes: [[4]],
    loss: ([w]) => tf.sum(tf.sqrt(tf.relu(tf.add(w!, [1, -9, 2, -9])))),
  },
  'a power of a rectifier that is 0': {
    shapes: [[4]],
    loss: ([w]) => tf.sum(tf.pow(tf.relu(tf.add(w!, [1, -9, 2, -9])), 0.3)),
  },
  'a quotient by 0 that counts as 0': {
    shapes: [[3]],
    loss: ([w]) => tf.sum(tf.divNoNan(tf.square(w!), [0, 1, 2])),
  },
  'a tie of a maximum': {
    shapes: [[3]],
    loss: ([w]) => tf.sum(tf.mul(tf.maximum(w!, tf.mul(w!, 1)), filled([3], 1))),
  },
  'a tie after rectifiers, found when all has run': {
    shapes: [[4, 3]],
    loss: ([w]) => {
      const x = tf.elu(tf.clipByValue(tf.selu(tf.relu6(tf.relu(w!))), 0.01, 0.6));
      return tf.sum(tf.mul(tf.max(tf.concat([x, tf.mul(x, 1)], 1), 1), [1, 2, 3, 4]));
    },
  },
  'equal maxima': {
    shapes: [[3]],
    loss: ([w]) => tf.max(tf.concat([w!, tf.mul(w!, 1)])),
  },
  'a rounded number': {
    shapes: [[3]],
    loss: ([w]) => tf.sum(tf.mul(w!, tf.cast(tf.cast(tf.mul(w!, 5), 'int32'), 'float32'))),
  },
  'labels that do not sum to one': {
    shapes: [[2, 3]],
    loss: ([w]) =>
      tf.losses.softmaxCrossEntropy(
        tf.tensor2d([
          [1, 1, 0],
          [0, 0, 1],
        ]),
        w as unknown as tf.Tensor2D,
      ),
  },
  'labels that depend on the variables': {
    shapes: [[2, 3]],
    loss: ([w]) => tf.losses.softmaxCrossEntropy(tf.softmax(w!), w!),
  },
  'a padded average': {
    shapes: [[1, 3, 3, 1]],
    loss: ([w]) => meanSquare(tf.avgPool(w as never, 2, 1, 'same')),
  },
  'a running sum down the columns of a square': {
    shapes: [[3, 3]],
    loss: ([w]) => meanSquare(tf.mul(tf.cumsum(w!, 0), filled([3, 3], 2))),
  },
  'a convolution whose output is rounded up': {
    shapes: [[3, 3, 1, 2]],
    loss: ([w]) =>
      meanSquare(tf.conv2d(filled([1, 4, 4, 1], 3) as tf.Tensor4D, w as never, 2, 0, 'NHWC', 1, 'ceil')),
  },
  'a fused convolution whose output is rounded up': {
    shapes: [[3, 3, 1, 2]],
    loss: ([w]) => {
      const x = filled([1, 4, 4, 1], 3) as tf.Tensor4D;
      return meanSquare(
        tf.fused.conv2d({ x, filter: w as never, strides: 2, pad: 0, dimRoundingMode: 'ceil' }),
      );
    },
  },
  'a maximum whose windows are rounded up': {
    shapes: [[1, 4, 4, 1]],
    loss: ([w]) => meanSquare(tf.maxPool(w as never, 3, 2, 0, 'ceil')),
  },
  'an average whose windows are rounded up': {
    shapes: [[1, 4, 4, 1]],
    loss: ([w]) => meanSquare(tf.avgPool(w as never, 3, 2, 0, 'ceil')),
  },
  'pooling that returns the image': {
    shapes: [[1, 2, 2, 3]],
    loss: ([w]) => meanSquare(tf.maxPool(w as never, 1, 2, 1)),
  },
  'zero to the power zero': {
    shapes: [[3]],
    loss: ([w]) => tf.sum(tf.mul(w!, tf.pow(tf.relu(tf.neg(tf.abs(w!))), [0, 1, 2]))),
  },
  'a remainder by a number that divides it but for rounding': {
    shapes: [[8]],
    loss: ([w]) => {
      const numbers = [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4];
      return tf.sum(tf.mod(numbers, tf.add(tf.sub(w!, filled([8], 0)), 0.1)));
    },
  },
  'a batch normalisation without scale': {
    shapes: [[3, 2], [2], [2]],
    loss: ([x, mean, spread]) =>
      meanSquare(tf.batchNorm(x as unknown as tf.Tensor2D, mean as never, tf.square(spread!) as tf.Tensor1D)),
  },
  'equal minima along an axis': {
    shapes: [[2, 2]],
    loss: ([w]) => tf.sum(tf.mul(tf.min(tf.concat([w!, tf.mul(w!, 1)], 1), 1), [1, 2])),
  },
};

/** Losses that TensorFlow.js differentiates right. */
const right: Record<string, Case> = {
  'a small net with a softmax': {
    shapes: [[3, 5], [5], [5, 3]],
    loss: ([a, b, c]) => {
      const hidden = tf.relu(
        tf.add(tf.matMul(filled([4, 3], 7) as tf.Tensor2D, a as unknown as tf.Tensor2D), b!),
      );
      const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 1], 'int32'), 3);
      return tf.losses.softmaxCrossEntropy(
        labels,
        tf.matMul(hidden as tf.Tensor2D, c as unknown as tf.Tensor2D),
      );
    },
  },
  'a maximum without ties and a log-softmax': {
    shapes: [[4, 3]],
    loss: ([w]) => tf.add(tf.mean(tf.logSoftmax(w!)), tf.sum(tf.max(tf.maximum(w!, 0.01), 1))),
  },
  'a minimum along an axis': {
    shapes: [[4, 3]],
    loss: ([w]) => tf.sum(tf.mul(tf.min(w!, 1), [1, 2, 3, 4])),
  },
  'a convolution with pooling': {
    shapes: [[3, 3, 1, 2], [2]],
    loss: ([w, b]) => {
      const y = tf.relu(tf.add(tf.conv2d(filled([2, 6, 6, 1], 4) as tf.Tensor4D, w as never, 1, 'same'), b!));
      return meanSquare(tf.maxPool(y as tf.Tensor4D, 2, 2, 'valid'));
    },
  },
  'a custom gradient': {
    shapes: [[3]],
    loss: ([w]) => {
      const op = tf.customGrad((x, save) => {
        (save as tf.GradSaveFunc)([x as Tensor]);
        return { value: tf.round(x as Tensor), gradFunc: (dy, saved) => tf.mul(dy, tf.cos(saved[0]!)) };
      });
      return tf.sum(tf.mul(op(tf.exp(w!)), w!));
    },
  },
  'a variable assigned to between two uses': {
    shapes: [[2]],
    loss: ([w]) => {
      const s = tf.variable(tf.tensor1d([1, 10]));
      const first = tf.sum(tf.mul(w!, s));
      s.assign(tf.mul(s, 2));
      const all = tf.add(first, tf.sum(tf.mul(tf.square(w!), s)));
      s.dispose();
      return all;
    },
  },
};

const plain = { refreshEvery: 0, gamma: 1 };

describe.each(['cpu', 'wasm'] as const)('the gradient that NSGD steps along, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(wrong))('is right for %s', (_, problem) => {
    const [before, state] = [tf.memory().numTensors, engineState()];
    const got = train(new NSGD({ learningRate: 0.05, ...plain }), problem, 3);
    const want = descend(problem, 0.05, 3);
    expect(tf.memory().numTensors).toBe(before);
    expect(engineState()).toEqual(state);
    expect(relativeError(got, want)).toBeLessThan(1e-6);
  });

  it.each(Object.entries(right))('is that of TensorFlow.js, to the bit, for %s', (name, problem) => {
    // Stock WASM has no gradient of a convolution.
    if (backend === 'wasm' && name.includes('convolution')) return;
    const [before, state] = [tf.memory().numTensors, engineState()];
    const got = train(new NSGD({ learningRate: 0.05, momentum: 0.9, ...plain }), problem, 5);
    expect(tf.memory().numTensors).toBe(before);
    expect(engineState()).toEqual(state);
    expect(got).toEqual(train(tf.train.momentum(0.05, 0.9), problem, 5));
  });

  it('takes the kernels that TensorFlow.js takes, and none for a tape that nobody asks', async () => {
    const w = tf.tidy(() => tf.variable(filled([4, 3], 1)));
    const x = tf.tidy(() => filled([5, 4], 2)) as tf.Tensor2D;
    const kernelsOf = async (optimizer: tf.Optimizer): Promise<string[]> => {
      const loss = (): Scalar => tf.mean(tf.abs(tf.selu(tf.relu(tf.matMul(x, w as unknown as tf.Tensor2D)))));
      const { kernels } = await tf.profile(() => {
        const { value, grads } = optimizer.computeGradients(loss, [w]);
        tf.dispose(grads);
        return value;
      });
      return kernels.map(({ name }) => name);
    };
    const optimizer = new NSGD({ learningRate: 0.05, ...plain });
    const [ours, stock] = [await kernelsOf(optimizer), await kernelsOf(tf.train.sgd(0.05))];
    expect(stock).toContain('Step');
    expect(ours).toEqual(stock);
    tf.dispose([w, x]);
    optimizer.dispose();
  });
});
