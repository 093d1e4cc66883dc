import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import type { KFACOptions } from '../../../src/operators/kronecker/kfac-options.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { dense, distance, identity, inBlocksOf, matrixOf, normal, oneHotTargets } from './kfac-case.js';

// Factors are sums over examples and a sweep in float32, and so is what they are compared with.
const rounding = 3e-6;

/** The relative distance of KFAC from the blocks of another matrix. */
function distanceFrom(
  objective: Objective,
  options: KFACOptions,
  truth: GaussNewtonOperator | FisherOperator,
): number {
  const kfac = new KFACOperator(objective, options);
  const expected = inBlocksOf(kfac, matrixOf(truth));
  const error = relativeError(matrixOf(kfac).flat(), expected.flat());
  kfac.dispose();
  truth.dispose();
  return error;
}

const fromGaussNewton = (objective: Objective, options: KFACOptions = {}): number =>
  distanceFrom(objective, options, new GaussNewtonOperator(objective));

/** A model with its data, and what is made of its objective. */
function withModel<T extends void | Promise<void>>(
  layers: tfl.layers.Layer[],
  xs: Tensor,
  ys: Tensor,
  check: (objective: Objective, model: tfl.Sequential) => T,
  { sampleWeight, batchSize = 3 }: { sampleWeight?: Tensor; batchSize?: number } = {},
): T {
  const loss = ys.rank === 2 && ys.shape[1] === 3 ? 'categoricalCrossentropy' : 'meanSquaredError';
  const model = tfl.sequential({ layers });
  const release = (): void => {
    tf.dispose([xs, ys, sampleWeight] as Tensor[]);
    model.dispose();
  };
  const done = check(modelObjective(model, { xs, ys, sampleWeight }, { loss, batchSize }), model);
  if (done instanceof Promise) return done.finally(release) as T;
  release();
  return done;
}

describe('KFACOperator', () => {
  let before: tf.MemoryInfo;

  beforeEach(async () => {
    await useBackend('cpu');
    before = tf.memory();
  });

  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });

  describe('equals the block of the Gauss-Newton matrix', () => {
    it.each([
      ['', undefined],
      [', with weights of the examples', [1, 4, 0, 0.5, 2.5, 1, 1]],
    ])('of a linear layer under squared error%s, over batches', (_, weights) =>
      withModel(
        [dense(2, 'linear', 3, { inputShape: [3] })],
        normal([7, 3], 1),
        normal([7, 2], 2),
        (objective) => {
          for (const correctEigenvalues of [false, true]) {
            expect(fromGaussNewton(objective, { correctEigenvalues })).toBeLessThan(rounding);
          }
        },
        { sampleWeight: weights && tf.tensor1d(weights) },
      ),
    );

    it('of a deep linear network, for one example and for many', () => {
      for (const examples of [1, 7]) {
        withModel(
          [dense(4, 'linear', 3, { inputShape: [3] }), dense(5, 'linear', 4), dense(2, 'linear', 5)],
          normal([examples, 3], 1),
          normal([examples, 2], 2),
          (objective) => expect(fromGaussNewton(objective)).toBeLessThan(rounding),
        );
      }
    });

    it.each(['exact', 'monteCarlo', 'empirical'] as const)('of one example, of type %s', (type) =>
      withModel(
        [dense(4, 'tanh', 3, { inputShape: [3] }), dense(3, 'softmax', 4)],
        normal([1, 3], 1),
        oneHotTargets(1, 3),
        (objective) => {
          const options = { type, samples: 1, seed: 5 };
          expect(distanceFrom(objective, options, new FisherOperator(objective, options))).toBeLessThan(
            rounding,
          );
        },
      ),
    );

    // Expanded, each place is an example with a loss of its own; reduced, the mean of places is what is squared.
    const convolutions: [string, Parameters<typeof tfl.layers.conv2d>[0]][] = [
      ['same padding, stride 2', { filters: 3, kernelSize: [3, 2], padding: 'same', strides: 2 }],
      ['valid, dilated', { filters: 2, kernelSize: 2, padding: 'valid', dilationRate: [2, 1] }],
      ['one by one', { filters: 2, kernelSize: 1 }],
      ['without bias', { filters: 2, kernelSize: [1, 3], strides: [2, 1], useBias: false }],
    ];
    it.each(convolutions)('of a linear convolution: %s', (_, args) => {
      const convolution = (): tfl.layers.Layer =>
        tfl.layers.conv2d({
          kernelInitializer: tfl.initializers.glorotNormal({ seed: 3 }),
          inputShape: [5, 4, 2],
          ...args,
        });
      const shape = convolution().computeOutputShape([4, 5, 4, 2]) as number[];
      withModel([convolution()], normal([4, 5, 4, 2], 1), normal(shape, 2), (objective) =>
        expect(fromGaussNewton(objective)).toBeLessThan(rounding),
      );
      withModel(
        [convolution(), tfl.layers.globalAveragePooling2d({}), dense(2, 'linear', 4)],
        normal([4, 5, 4, 2], 1),
        normal([4, 2], 2),
        (objective) => expect(fromGaussNewton(objective, { setting: 'reduce' })).toBeLessThan(rounding),
      );
    });

    it('of a linear convolution of one dimension, and of a layer that goes over the steps of a sequence', () => {
      const layers: ((last: boolean) => tfl.layers.Layer)[] = [
        () =>
          tfl.layers.conv1d({
            filters: 3,
            kernelSize: 3,
            padding: 'same',
            kernelInitializer: tfl.initializers.glorotNormal({ seed: 3 }),
            inputShape: [6, 2],
          }),
        () => dense(3, 'linear', 3, { inputShape: [6, 2] }),
      ];
      for (const layer of layers) {
        withModel([layer(true)], normal([4, 6, 2], 1), normal([4, 6, 3], 2), (objective) =>
          expect(fromGaussNewton(objective)).toBeLessThan(rounding),
        );
        withModel(
          [layer(false), tfl.layers.globalAveragePooling1d(), dense(2, 'linear', 4)],
          normal([4, 6, 2], 1),
          normal([4, 2], 2),
          (objective) => expect(fromGaussNewton(objective, { setting: 'reduce' })).toBeLessThan(rounding),
        );
      }
    });

    it.each([
      ['x Wᵀ + b', (x, w) => tf.matMul(x, w, false, true)],
      ['(W xᵀ)ᵀ + b', (x, w) => tf.transpose(tf.matMul(w, x, false, true))],
      ['(Wᵀ)ᵀ in two steps', (x, w) => tf.matMul(x, tf.transpose(tf.reshape(w, [2, 3])))],
    ] as [string, (x: tf.Tensor2D, w: tf.Tensor2D) => Tensor][])('of a custom layer %s', (_, product) => {
      const [w, b] = [variableLike(normal([2, 3], 3)), variableLike(normal([2], 4))];
      const x = normal([5, 3], 1) as tf.Tensor2D;
      const y = normal([5, 2], 2);
      const objective = lossObjective(
        {
          outputs: () => tf.add(product(x, w as unknown as tf.Tensor2D), b),
          loss: (z) => tf.losses.meanSquaredError(y, z),
          likelihood: 'gaussian',
        },
        [w, b],
      );
      const kfac = new KFACOperator(objective);
      expect(kfac.blocks).toEqual([{ variables: [w.name, b.name], kind: 'kronecker', reason: null }]);
      kfac.dispose();
      expect(fromGaussNewton(objective)).toBeLessThan(rounding);
      tf.dispose([w, b, x, y]);
    });

    it('of several outputs of their own, each with its own weights of classes', () => {
      const input = tfl.input({ shape: [3] });
      const outputs = [dense(3, 'softmax', 1), dense(2, 'linear', 2)].map(
        (layer) => layer.apply(input) as tfl.SymbolicTensor,
      );
      const model = tfl.model({ inputs: input, outputs });
      const [x, a, b] = [normal([1, 3], 1), oneHotTargets(1, 3), normal([1, 2], 2)];
      const objective = modelObjective(
        model,
        { xs: x, ys: [a, b] },
        { loss: ['categoricalCrossentropy', 'meanSquaredError'] },
      );
      expect(fromGaussNewton(objective)).toBeLessThan(rounding);
      tf.dispose([x, a, b]);
      model.dispose();
    });
  });

  const classifier = (): tfl.layers.Layer[] => [
    dense(4, 'tanh', 3, { inputShape: [3] }),
    dense(4, 'tanh', 4),
    dense(3, 'softmax', 5),
  ];
  const images = (): tfl.layers.Layer[] => [
    tfl.layers.conv2d({
      filters: 2,
      kernelSize: 2,
      activation: 'tanh',
      kernelInitializer: tfl.initializers.glorotNormal({ seed: 3 }),
      inputShape: [3, 4, 2],
    }),
    tfl.layers.flatten(),
    dense(3, 'softmax', 5),
  ];

  it('with corrected eigenvalues is never farther from the curvature, for any type, setting and seed', () => {
    for (const [layers, shape] of [
      [classifier, [8, 3]],
      [images, [8, 3, 4, 2]],
    ] as const) {
      for (let seed = 0; seed < 2; seed++) {
        withModel(layers(), normal([...shape], 10 + seed), oneHotTargets(8, 3), (objective) => {
          for (const type of ['exact', 'monteCarlo', 'empirical'] as const) {
            const truth = new FisherOperator(objective, { type, seed });
            const matrix = matrixOf(truth);
            truth.dispose();
            for (const setting of ['expand', 'reduce'] as const) {
              const distances = [false, true].map((correctEigenvalues) => {
                const kfac = new KFACOperator(objective, { type, seed, setting, correctEigenvalues });
                const own = distance(matrixOf(kfac), inBlocksOf(kfac, matrix));
                kfac.dispose();
                return own;
              });
              expect(distances[1]).toBeLessThan(distances[0]!);
            }
          }
        });
      }
    }
  });

  it('with corrected eigenvalues has the trace of the curvature', async () => {
    for (const [layers, shape] of [
      [classifier, [8, 3]],
      [images, [8, 3, 4, 2]],
    ] as const) {
      await withModel(layers(), normal([...shape], 1), oneHotTargets(8, 3), async (objective) => {
        const [kfac, truth] = [
          new KFACOperator(objective, { correctEigenvalues: true }),
          new GaussNewtonOperator(objective),
        ];
        // The gradients lie in the span of the eigenvectors: nothing of their squares is lost.
        const expected = matrixOf(truth).reduce((sum, row, i) => sum + row[i]!, 0);
        expect(Math.abs((await kfac.trace()) / expected - 1)).toBeLessThan(rounding);
        kfac.dispose();
        truth.dispose();
      });
    }
  });

  it('of sampled targets comes to that of all of them, by the root of their number, and repeats itself', () =>
    withModel(classifier(), normal([6, 3], 1), oneHotTargets(6, 3), (objective) => {
      const matrixWith = (options: KFACOptions): number[] => {
        const kfac = new KFACOperator(objective, options);
        const matrix = matrixOf(kfac).flat();
        kfac.dispose();
        return matrix;
      };
      const exact = matrixWith({});
      const error = (samples: number): number => {
        const errors = [1, 2, 3, 4].map((seed) =>
          relativeError(matrixWith({ type: 'monteCarlo', samples, seed }), exact),
        );
        return errors.reduce((sum, one) => sum + one, 0) / errors.length;
      };
      const [few, many] = [error(4), error(100)];
      expect(many).toBeLessThan(0.1);
      // 1/5 in expectation; means of four vary by some 30 %.
      expect(many / few).toBeGreaterThan(0.1);
      expect(many / few).toBeLessThan(0.4);
      const sampled = { type: 'monteCarlo', seed: 9 } as const;
      expect(matrixWith(sampled)).toEqual(matrixWith(sampled));
      expect(matrixWith(sampled)).not.toEqual(matrixWith({ ...sampled, seed: 10 }));
    }));

  describe.each([
    ['factors', {}],
    ['corrected eigenvalues', { correctEigenvalues: true }],
    ['means of positions', { setting: 'reduce' }],
  ] as [string, KFACOptions][])('with %s', (_, options) => {
    const withKFAC = (check: (kfac: KFACOperator, matrix: number[][]) => Promise<void>): Promise<void> =>
      withModel(images(), normal([6, 3, 4, 2], 1), oneHotTargets(6, 3), async (objective) => {
        const kfac = new KFACOperator(objective, options);
        try {
          await check(kfac, matrixOf(kfac));
        } finally {
          kfac.dispose();
        }
      });

    it('has the trace and the norm of its matrix', () =>
      withKFAC(async (kfac, matrix) => {
        const trace = matrix.reduce((sum, row, i) => sum + row[i]!, 0);
        expect(Math.abs((await kfac.trace()) / trace - 1)).toBeLessThan(rounding);
        const norm = distance(matrix, identity(matrix.length, 0));
        expect(Math.abs((await kfac.frobeniusNorm()) / norm - 1)).toBeLessThan(rounding);
      }));

    it('has the determinant of its matrix, by Cholesky', () =>
      withKFAC(async (kfac, matrix) => {
        for (const damping of [1e-3, 0.5]) {
          const expected = logDeterminant(matrix, damping);
          const received = await kfac.logDeterminant({ damping });
          // Entries of the matrix are off by 1e-7 of the largest, some hundred eigenvalues are δ.
          expect(Math.abs(received - expected) / matrix.length).toBeLessThan(1e-6 / damping);
        }
      }));

    it('has an inverse that undoes K + δI, and outlives it', () =>
      withKFAC(async (kfac, matrix) => {
        const damping = 0.02;
        const inverse = await kfac.inverse({ damping });
        kfac.dispose();
        const v = normal([kfac.size], 7) as Tensor1D;
        const values = v.dataSync();
        const damped = matrix.map((row, i) =>
          row.reduce((sum, x, j) => sum + x * values[j]!, damping * values[i]!),
        );
        const w = tf.tensor1d(damped);
        const product = inverse.matvec(w);
        expect(relativeError(product.dataSync(), values)).toBeLessThan(1e-5);
        const rows = tf.stack([w, v]) as tf.Tensor2D;
        const block = inverse.matmat!(rows);
        expect(relativeError(block.dataSync().subarray(0, kfac.size), product.dataSync())).toBeLessThan(1e-6);
        inverse.dispose();
        tf.dispose([v, w, product, rows, block]);
      }));
  });

  it('splits the damping of its inverse among the factors, as Martens and Grosse do', () =>
    withModel(
      [dense(2, 'linear', 3, { inputShape: [2] })],
      normal([5, 2], 1),
      normal([5, 2], 2),
      async (objective, model) => {
        const kfac = new KFACOperator(objective);
        // Of a linear layer: A = mean of (x, 1)(x, 1)ᵀ, B = 2/2 I.
        const matrix = matrixOf(kfac);
        const a = [0, 2, 4].map((i) => [0, 2, 4].map((j) => matrix[i]![j]!));
        const damping = 0.3;
        const pi = Math.sqrt((a[0]![0]! + a[1]![1]! + a[2]![2]!) / 3);
        const inverse = await kfac.inverse({ damping, split: 'factored' });
        const received = matrixOf(inverse);
        // Times (A + π√δ I) ⊗ (1 + √δ/π) it is the identity.
        const alpha = pi * Math.sqrt(damping);
        const beta = 1 + Math.sqrt(damping) / pi;
        const factor = matrix.map((row, i) => row.map((x, j) => beta * (x + (i === j ? alpha : 0))));
        const product = received.map((row) =>
          factor[0]!.map((_, j) => row.reduce((s, x, l) => s + x * factor[l]![j]!, 0)),
        );
        expect(distance(product, identity(6))).toBeLessThan(1e-5);
        inverse.dispose();
        kfac.dispose();
        expect(model.weights).toHaveLength(2);
      },
    ));

  it('makes solve need fewer products where inputs differ in size', async () => {
    const xs = tf.tidy(() => tf.mul(normal([100, 8], 1), tf.tensor1d([10, 5, 3, 1, 1, 0.3, 0.2, 0.1])));
    await withModel(
      [dense(3, 'softmax', 5, { inputShape: [8] })],
      xs,
      oneHotTargets(100, 3),
      async (objective) => {
        const kfac = new KFACOperator(objective);
        const gaussNewton = new GaussNewtonOperator(objective);
        const b = normal([kfac.size], 3) as Tensor1D;
        const preconditioner = await kfac.inverse({ damping: 1e-3 });
        const options = { damping: 1e-3, tol: 1e-3 };
        const plain = await solve(gaussNewton, b, options);
        const fast = await solve(gaussNewton, b, { ...options, preconditioner });
        expect(fast.status).toBe('converged');
        expect(fast.numMatvecs).toBeLessThan(0.6 * plain.numMatvecs);
        for (const held of [plain, fast, kfac, gaussNewton, preconditioner, b]) held.dispose();
      },
      { batchSize: 100 },
    );
  });

  it('follows its variables, and computes anew when told', () =>
    withModel(classifier(), normal([6, 3], 1), oneHotTargets(6, 3), (objective, model) => {
      const kfac = new KFACOperator(objective);
      const first = matrixOf(kfac);
      const kernel = model.layers[1]!.trainableWeights[0]!.read() as Variable;
      tf.tidy(() => kernel.assign(tf.mul(kernel, 2)));
      const fresh = new KFACOperator(objective);
      expect(matrixOf(kfac)).toEqual(matrixOf(fresh));
      expect(matrixOf(kfac)).not.toEqual(first);
      kfac.refresh();
      expect(matrixOf(kfac)).toEqual(matrixOf(fresh));
      kfac.dispose();
      fresh.dispose();
    }));
});

/** log det (M + δI) of a symmetric matrix, by Cholesky's decomposition in double precision. */
function logDeterminant(matrix: readonly number[][], damping: number): number {
  const n = matrix.length;
  const l = matrix.map((row, i) => row.map((x, j) => (x + matrix[j]![i]!) / 2 + (i === j ? damping : 0)));
  let sum = 0;
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      for (let i = j; i < n; i++) l[i]![j]! -= l[i]![k]! * l[j]![k]!;
    }
    const root = Math.sqrt(l[j]![j]!);
    sum += 2 * Math.log(root);
    for (let i = j; i < n; i++) l[i]![j]! /= root;
  }
  return sum;
}

/** A variable with the values of a tensor, which it takes over. */
function variableLike(initial: Tensor): Variable {
  const made = tf.variable(initial);
  initial.dispose();
  return made;
}
