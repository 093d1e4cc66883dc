import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { blockDiagonal, kronecker, matrixOf, normal, oneHotTargets, secondMoment } from './kfac-case.js';

/*
 * The matrix A ⊗ B of each layer in double precision, from the formulas of the papers: networks, their gradients and the
 * sums over examples, positions and classes are written out here, without TensorFlow.js.
 */

// Factors are sums in float32 over examples, positions and classes, behind one sweep.
const rounding = 3e-6;

type Matrix = number[][];

/** x W + b. */
const affine = (x: readonly number[], w: Matrix, b: readonly number[]): number[] =>
  b.map((bias, j) => x.reduce((sum, value, i) => sum + value * w[i]![j]!, bias));
/** W g. */
const back = (w: Matrix, g: readonly number[]): number[] =>
  w.map((row) => row.reduce((sum, value, j) => sum + value * g[j]!, 0));
const softmax = (z: readonly number[]): number[] => {
  const total = z.reduce((sum, x) => sum + Math.exp(x), 0);
  return z.map((x) => Math.exp(x) / total);
};
/** √p_c (e_c − p) for each class: their outer products sum to diag p − p pᵀ. */
const rootColumns = (z: readonly number[]): Matrix => {
  const p = softmax(z);
  return p.map((pc, c) => p.map((pj, j) => Math.sqrt(pc) * (Number(j === c) - pj)));
};
const ones = (n: number): number[] => new Array<number>(n).fill(1);
const sumOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0);
const nested = (tensor: Tensor): number[][] => tensor.arraySync() as number[][];

/** The relative distance of an operator, which is disposed, from a matrix. */
function errorOf(kfac: KFACOperator, expected: Matrix): number {
  const received = matrixOf(kfac).flat();
  kfac.dispose();
  return relativeError(received, expected.flat());
}

describe('the factors of KFACOperator', () => {
  let tensors: number;
  beforeEach(async () => {
    await useBackend('cpu');
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  /** x -> tanh(x W + b) -> softmax(h V + c), as variables W, b, V, c. */
  function denseNet(inputs: number, hidden: number, classes: number): Variable[] {
    return [[inputs, hidden], [hidden], [hidden, classes], [classes]].map((shape, i) => {
      const initial = normal(shape, 20 + i);
      const made = tf.variable(initial);
      initial.dispose();
      return made;
    });
  }

  it.each([
    ['none', undefined],
    ['given', [1, 4, 0, 0.5, 2.5]],
  ])('are those of the formulas for a dense net under softmax cross-entropy, weights %s', (_, weights) => {
    const variables = denseNet(3, 4, 3);
    const [w, b, v, c] = variables as [Variable, Variable, Variable, Variable];
    const [x, y] = [normal([5, 3], 1), oneHotTargets(5, 3)];
    const sampleWeight = weights && tf.tensor1d(weights);
    const objective = lossObjective(
      {
        outputs: () => {
          const hidden = tf.tanh(tf.add(tf.matMul(x as Tensor2D, w as unknown as Tensor2D), b));
          return tf.add(tf.matMul(hidden as Tensor2D, v as unknown as Tensor2D), c);
        },
        loss: (z) => {
          const own = tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(z)), 1));
          return tf.mean(sampleWeight ? tf.mul(own, sampleWeight) : own);
        },
        likelihood: 'categorical',
        ...(sampleWeight && { sampleWeight }),
      },
      variables,
    );
    const [W, V] = [nested(w), nested(v)];
    const [B, C] = [Array.from(b.dataSync()), Array.from(c.dataSync())];
    const share = (weights ?? ones(5)).map((own) => own / 5);
    const [a1, a2, g1, g2, shares]: [Matrix, Matrix, Matrix, Matrix, number[]] = [[], [], [], [], []];
    nested(x).forEach((input, i) => {
      const hidden = affine(input, W, B).map(Math.tanh);
      a1.push([...input, 1]);
      a2.push([...hidden, 1]);
      for (const s of rootColumns(affine(hidden, V, C))) {
        g2.push(s);
        g1.push(back(V, s).map((g, j) => g * (1 - hidden[j]! ** 2)));
        shares.push(share[i]!);
      }
    });
    // A is a mean by the weights, B the sum with them.
    const mean = share.map((own) => own / sumOf(share));
    const expected = blockDiagonal(
      kronecker(secondMoment(a1, mean), secondMoment(g1, shares)),
      kronecker(secondMoment(a2, mean), secondMoment(g2, shares)),
    );
    expect(errorOf(new KFACOperator(objective), expected)).toBeLessThan(rounding);
    tf.dispose([variables, x, y, sampleWeight] as tf.TensorContainer);
  });

  it('are, of a shared layer, sums over its uses; a frozen one and its bias alone have their part', () => {
    const variables = denseNet(3, 2, 3);
    const [w, b, v, c] = variables as [Variable, Variable, Variable, Variable];
    const pair = [normal([4, 3], 1), normal([4, 3], 2)] as [Tensor2D, Tensor2D];
    const y = oneHotTargets(4, 3);
    const objective = lossObjective(
      {
        // W and b are used for both inputs; V is frozen, c trained.
        outputs: () => {
          const [first, second] = pair.map((x) =>
            tf.tanh(tf.add(tf.matMul(x, w as unknown as Tensor2D), b)),
          ) as [Tensor2D, Tensor2D];
          return tf.add(tf.matMul(tf.add(first, tf.mul(second, 2)), v as unknown as Tensor2D), c);
        },
        loss: (z) => tf.losses.softmaxCrossEntropy(y, z),
        likelihood: 'categorical',
      },
      [w, b, c],
    );
    const [W, V] = [nested(w), nested(v)];
    const [B, C] = [Array.from(b.dataSync()), Array.from(c.dataSync())];
    const inputs = pair.map((x) => nested(x));
    for (const setting of ['expand', 'reduce'] as const) {
      const [a1, g1, g2]: [Matrix, Matrix, Matrix] = [[], [], []];
      for (let i = 0; i < 4; i++) {
        const hidden = inputs.map((x) => affine(x[i]!, W, B).map(Math.tanh));
        const joined = hidden[0]!.map((h, j) => h + 2 * hidden[1]![j]!);
        const uses = inputs.map((x) => [...x[i]!, 1]);
        if (setting === 'expand') a1.push(...uses);
        else a1.push(uses[0]!.map((first, j) => (first + uses[1]![j]!) / 2));
        for (const s of rootColumns(affine(joined, V, C))) {
          const gradients = hidden.map((h, u) => back(V, s).map((g, j) => (u + 1) * g * (1 - h[j]! ** 2)));
          if (setting === 'expand') g1.push(...gradients);
          else g1.push(gradients[0]!.map((first, j) => first + gradients[1]![j]!));
          g2.push(s);
        }
      }
      const expected = blockDiagonal(
        kronecker(
          secondMoment(
            a1,
            ones(a1.length).map(() => 1 / a1.length),
          ),
          secondMoment(
            g1,
            ones(g1.length).map(() => 1 / 4),
          ),
        ),
        secondMoment(
          g2,
          ones(g2.length).map(() => 1 / 4),
        ),
      );
      const kfac = new KFACOperator(objective, { setting });
      expect(kfac.blocks.map(({ variables: own, kind }) => [own, kind])).toEqual([
        [[w.name, b.name], 'kronecker'],
        [[c.name], 'kronecker'],
      ]);
      expect(errorOf(kfac, expected)).toBeLessThan(rounding);
    }
    tf.dispose([variables, pair, y] as tf.TensorContainer);
  });

  it.each(['expand', 'reduce'] as const)(
    'are those of the formulas for a convolutional net, %s',
    (setting) => {
      const init = (seed: number) => tfl.initializers.glorotNormal({ seed });
      const model = tfl.sequential({
        layers: [
          tfl.layers.conv2d({
            filters: 2,
            kernelSize: [3, 2],
            strides: 2,
            padding: 'same',
            activation: 'tanh',
            kernelInitializer: init(1),
            biasInitializer: tfl.initializers.randomNormal({ seed: 5 }),
            inputShape: [5, 4, 2],
          }),
          tfl.layers.flatten(),
          tfl.layers.dense({ units: 3, kernelInitializer: init(2), activation: 'softmax' }),
        ],
      });
      const [xs, ys] = [normal([4, 5, 4, 2], 1), oneHotTargets(4, 3)];
      // Batches of three, so that the last is short.
      const objective = modelObjective(model, { xs, ys }, { loss: 'categoricalCrossentropy', batchSize: 3 });
      const [k, b, v, c] = model.weights.map((weight) => weight.read().arraySync()) as [
        number[][][][],
        number[],
        number[][],
        number[],
      ];
      const images = xs.arraySync() as number[][][][];
      const [rows, columns, filters] = [3, 2, 2];
      /** The image cells under the window at a place, zeros outside: 'same' puts one row before and after, no column. */
      const windowAt = (image: number[][][], row: number, column: number): number[] =>
        k.flatMap((line, i) =>
          line.flatMap((_, j) => [0, 1].map((ch) => image[2 * row - 1 + i]?.[2 * column + j]?.[ch] ?? 0)),
        );
      const K = k.flat(2);
      const [a1, a2, g1, g2]: [Matrix, Matrix, Matrix, Matrix] = [[], [], [], []];
      for (const image of images) {
        const patches = Array.from({ length: rows * columns }, (_, t) =>
          windowAt(image, Math.floor(t / columns), t % columns),
        );
        const cells = patches.map((patch) => affine(patch, K, b).map(Math.tanh));
        const flat = cells.flat();
        const inputs = patches.map((patch) => [...patch, 1]);
        const places = inputs.length;
        if (setting === 'expand') a1.push(...inputs);
        else a1.push(inputs[0]!.map((_, j) => sumOf(inputs.map((input) => input[j]!)) / places));
        a2.push([...flat, 1]);
        for (const s of rootColumns(affine(flat, v, c))) {
          const gradient = back(v, s).map((g, j) => g * (1 - flat[j]! ** 2));
          const byPlace = Array.from({ length: places }, (_, t) =>
            gradient.slice(t * filters, (t + 1) * filters),
          );
          if (setting === 'expand') g1.push(...byPlace);
          else g1.push(byPlace[0]!.map((_, f) => sumOf(byPlace.map((g) => g[f]!))));
          g2.push(s);
        }
      }
      const averaged = (list: Matrix): Matrix =>
        secondMoment(
          list,
          ones(list.length).map(() => 1 / list.length),
        );
      const perExample = (list: Matrix): Matrix =>
        secondMoment(
          list,
          ones(list.length).map(() => 1 / 4),
        );
      const expected = blockDiagonal(
        kronecker(averaged(a1), perExample(g1)),
        kronecker(averaged(a2), perExample(g2)),
      );
      const error = errorOf(new KFACOperator(objective, { setting }), expected);
      // Logits are taken back from probabilities in float32.
      expect(error).toBeLessThan(2 * rounding);
      tf.dispose([xs, ys]);
      model.dispose();
    },
  );
});
