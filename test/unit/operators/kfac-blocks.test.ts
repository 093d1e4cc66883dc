import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import type { KFACOptions } from '../../../src/operators/kronecker/kfac-options.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';
import { dense, distance, matrixOf, normal, oneHotTargets } from './kfac-case.js';

const init = (seed: number) => tfl.initializers.glorotNormal({ seed });

/** The error that a call throws. */
function errorOf(call: () => unknown): CurvatureArgumentError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(CurvatureArgumentError);
    return error as CurvatureArgumentError;
  }
  throw new Error('nothing was thrown');
}

describe('the blocks of KFACOperator', () => {
  let tensors: number;
  beforeEach(async () => {
    await useBackend('cpu');
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  /** A model of some layers whose outputs are three classes, and what is made of its objective. */
  function withModel<T>(layers: tfl.layers.Layer[], xs: Tensor, check: (objective: Objective) => T): T {
    const model = tfl.sequential({ layers });
    const ys = oneHotTargets(xs.shape[0]!, 3);
    const release = (): void => {
      tf.dispose([xs, ys]);
      model.dispose();
    };
    const result = check(
      modelObjective(model, { xs, ys }, { loss: 'categoricalCrossentropy', batchSize: 2 }),
    );
    if (result instanceof Promise) return result.finally(release) as T;
    release();
    return result;
  }

  const withoutFactors: [string, () => tfl.layers.Layer[], () => Tensor, Record<string, RegExp>][] = [
    [
      'an embedding and a recurrent layer',
      () => [
        tfl.layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 4, embeddingsInitializer: init(1) }),
        tfl.layers.lstm({ units: 2, kernelInitializer: init(2), recurrentInitializer: init(3) }),
        dense(3, 'softmax', 5),
      ],
      () => tf.tensor2d([0, 1, 2, 3, 4, 4, 0, 1, 1, 1, 2, 2], [3, 4]),
      { embeddings: /GatherV2/, recurrent_kernel: /recurrent/ },
    ],
    [
      'a depthwise convolution and a normalisation',
      () => [
        tfl.layers.depthwiseConv2d({
          kernelSize: 2,
          depthwiseInitializer: init(1),
          inputShape: [3, 3, 2],
        }),
        tfl.layers.batchNormalization({ gammaInitializer: 'ones' }),
        tfl.layers.activation({ activation: 'tanh' }),
        tfl.layers.flatten(),
        dense(3, 'softmax', 5),
      ],
      () => normal([3, 3, 3, 2], 1),
      { depthwise_kernel: /Depthwise/, gamma: /FusedBatchNorm/, beta: /FusedBatchNorm/ },
    ],
    [
      'a transposed convolution and a parametric rectifier',
      () => [
        tfl.layers.conv2dTranspose({
          filters: 2,
          kernelSize: 2,
          strides: 2,
          kernelInitializer: init(1),
          inputShape: [2, 2, 2],
        }),
        tfl.layers.prelu({ alphaInitializer: init(2), sharedAxes: [1, 2] }),
        tfl.layers.flatten(),
        dense(3, 'softmax', 5),
      ],
      () => normal([3, 2, 2, 2], 1),
      { kernel: /Conv2DBackpropInput/, alpha: /Prelu/ },
    ],
    [
      'a three-dimensional convolution',
      () => [
        tfl.layers.conv3d({
          filters: 2,
          kernelSize: 2,
          kernelInitializer: init(1),
          inputShape: [2, 3, 2, 2],
        }),
        tfl.layers.flatten(),
        dense(3, 'softmax', 5),
      ],
      () => normal([3, 2, 3, 2, 2], 1),
      { kernel: /Conv3D/ },
    ],
  ];

  it.each(withoutFactors)('are diagonal for %s, with that of the curvature', (_, layers, xs, reasons) =>
    withModel(layers(), xs(), (objective) => {
      for (const type of ['exact', 'monteCarlo', 'empirical'] as const) {
        const kfac = new KFACOperator(objective, { type, seed: 3 });
        const truth = new FisherOperator(objective, { type, seed: 3 });
        const [received, expected] = [matrixOf(kfac), matrixOf(truth)];
        const { names, offsets, variables } = kfac.parameters;
        for (const [name, reason] of Object.entries(reasons)) {
          const at = names.findIndex((own) => own.endsWith(`/${name}`));
          const block = kfac.blocks.find(({ variables: own }) => own.includes(names[at]!))!;
          expect(block.kind).toBe('diagonal');
          expect(block.variables).toEqual([names[at]]);
          expect(block.reason).toMatch(reason);
          for (let i = offsets[at]!; i < offsets[at]! + variables[at]!.size; i++) {
            // Sums over examples of squares in float32; the largest entry of the curvature of the block is about 1.
            expect(Math.abs(received[i]![i]! - expected[i]![i]!)).toBeLessThan(3e-6);
            expect(received[i]!.filter((x, j) => j !== i && x !== 0)).toEqual([]);
          }
        }
        const others = kfac.blocks.filter(({ kind }) => kind === 'kronecker');
        expect(others.length).toBeGreaterThan(0);
        expect(others.every(({ reason }) => reason === null)).toBe(true);
        kfac.dispose();
        truth.dispose();
      }
    }),
  );

  it.each([8, 7, 1])(
    'are those of the layer within timeDistributed, with %d examples at once',
    (batchSize) => {
      const [xs, ys] = [normal([8, 4, 3], 1), normal([8, 4, 2], 2)];
      const kernel = { units: 2, kernelInitializer: init(1) };
      const [plain, spread] = [
        tfl.layers.dense({ ...kernel, inputShape: [4, 3] }),
        tfl.layers.timeDistributed({ layer: tfl.layers.dense(kernel), inputShape: [4, 3] }),
      ].map((layer) => {
        const model = tfl.sequential({ layers: [layer] });
        const kfac = new KFACOperator(
          modelObjective(model, { xs, ys }, { loss: 'meanSquaredError', batchSize }),
        );
        expect(kfac.blocks.map(({ kind }) => kind)).toEqual(['kronecker']);
        const matrix = matrixOf(kfac);
        kfac.dispose();
        model.dispose();
        return matrix;
      });
      expect(distance(plain!, spread!)).toBeLessThan(
        1e-5 *
          distance(
            plain!,
            plain!.map((row) => row.map(() => 0)),
          ),
      );
      tf.dispose([xs, ys]);
    },
  );

  it.each([
    ['simpleRNN', tfl.layers.simpleRNN],
    ['lstm', tfl.layers.lstm],
    ['gru', tfl.layers.gru],
  ] as const)('are factors but for what recurs in %s that returns its sequence', (_, layer) => {
    const layers = [
      layer({
        units: 2,
        returnSequences: true,
        inputShape: [3, 2],
        kernelInitializer: init(1),
        recurrentInitializer: init(2),
      }),
      layer({ units: 2, kernelInitializer: init(3), recurrentInitializer: init(4) }),
      dense(3, 'softmax', 5),
    ];
    // Two examples at once, and at last one.
    withModel(layers, normal([5, 3, 2], 1), (objective) => {
      const kfac = new KFACOperator(objective);
      for (const { kind, variables } of kfac.blocks) {
        const recurs = variables.some((name) => name.includes('recurrent'));
        expect([variables, kind]).toEqual([variables, recurs ? 'diagonal' : 'kronecker']);
      }
      kfac.dispose();
    });
  });

  it('are diagonal where examples are joined behind a variable, or it is used twice', () => {
    const w = variableOf([0.5, -1, 2]);
    const v = variableOf([1.5, 0.3, -0.7]);
    const x = normal([4, 3], 1) as Tensor2D;
    const objective = lossObjective(
      {
        outputs: () => {
          const scaled = tf.mul(tf.tanh(tf.add(tf.mul(x, w), tf.mul(tf.square(x), w))), v);
          // Of all examples: each output depends on them all.
          return tf.sub(scaled, tf.mean(tf.mul(x, tf.square(tf.mul(x, w))), 0, true));
        },
        loss: (z) => tf.mean(tf.square(z)),
        likelihood: 'gaussian',
      },
      [w, v],
    );
    const kfac = new KFACOperator(objective);
    const truth = new FisherOperator(objective, { type: 'exact' });
    const [received, expected] = [matrixOf(kfac), matrixOf(truth)];
    // v is used where examples are apart, w also where they are joined: there every output vector is one example's own.
    for (let i = 0; i < 6; i++) {
      expect(Math.abs(received[i]![i]! / expected[i]![i]! - 1)).toBeLessThan(1e-5);
    }
    for (const operator of [kfac, truth]) operator.dispose();
    tf.dispose([w, v, x]);
  });

  it('are diagonal where a factor is too wide for eigenvectors, with the diagonal of the curvature', () =>
    withModel([dense(3, 'softmax', 5, { inputShape: [1024] })], normal([4, 1024], 1), (objective) => {
      const kfac = new KFACOperator(objective, { correctEigenvalues: true });
      expect(kfac.blocks).toEqual([
        {
          variables: kfac.parameters.names,
          kind: 'diagonal',
          reason: 'a factor is 1025 wide; eigenvectors are computed up to 1024',
        },
      ]);
      const truth = new FisherOperator(objective, { type: 'exact' });
      for (const at of [0, 100, 3071, 3072, 3074]) {
        const unit = tf.tidy(() => tf.reshape(tf.oneHot([at], kfac.size, 1, 0, 'float32'), [-1])) as Tensor1D;
        const [received, expected] = [kfac.matvec(unit), truth.matvec(unit)];
        const largest = tf.tidy(() => tf.max(tf.abs(received)).dataSync()[0]!);
        expect(largest).toBe(received.dataSync()[at]);
        expect(Math.abs(largest / expected.dataSync()[at]! - 1)).toBeLessThan(1e-5);
        tf.dispose([unit, received, expected]);
      }
      for (const operator of [kfac, truth, new KFACOperator(objective)]) operator.dispose();
      const whole = new KFACOperator(objective);
      expect(whole.blocks[0]!.kind).toBe('kronecker');
      whole.dispose();
    }));

  it.each(['expand', 'reduce'] as const)(
    'have, corrected, the trace of the curvature of few examples: %s',
    async (setting) => {
      const layers = [
        tfl.layers.conv2d({
          filters: 3,
          kernelSize: 3,
          activation: 'tanh',
          inputShape: [5, 5, 2],
          kernelInitializer: init(1),
        }),
        tfl.layers.flatten(),
        dense(3, 'softmax', 5),
      ];
      await withModel(layers, normal([3, 5, 5, 2], 1), async (objective) => {
        const kfac = new KFACOperator(objective, { correctEigenvalues: true, setting });
        const truth = tf.tidy(() => tf.sum(gaussNewtonDiagonal(objective)).dataSync()[0]!);
        // A trace is the sum of Λ in any basis of the whole space, however few rows the factors come from.
        expect((await kfac.trace()) / truth).toBeCloseTo(1, 4);
        kfac.dispose();
      });
    },
  );

  it('name why custom layers have no factors', () => {
    const [w, b, u] = [variableOf([1, 2, 3]), variableOf([0.5, -1, 2]), variableOf([4, 5])];
    const x = normal([4, 3], 1) as Tensor2D;
    const blocksOf = (outputs: () => Tensor): (string | null)[] => {
      const objective = lossObjective(
        { outputs, loss: (z) => tf.mean(tf.square(z)) as Scalar, likelihood: 'gaussian' },
        [w, b, u],
      );
      const kfac = new KFACOperator(objective);
      const reasons = kfac.blocks.map(({ reason }) => reason);
      kfac.dispose();
      return reasons;
    };
    const column = (v: tf.Variable): Tensor2D => tf.reshape(v, [-1, 1]);
    expect(blocksOf(() => tf.add(tf.mul(x, w), b))).toEqual([
      expect.stringMatching(/Multiply, which has no Kronecker factors/),
      null,
      'the outputs do not depend on it',
    ]);
    expect(blocksOf(() => tf.add(tf.matMul(x, column(w)), tf.matMul(tf.mul(x, 2), column(w))))).toEqual([
      null,
      expect.any(String),
      expect.any(String),
    ]);
    const outer = (rows: Tensor2D) => (): Tensor =>
      tf.matMul(rows, tf.matMul(column(w), column(b), false, true));
    expect(blocksOf(outer(x))[0]).toMatch('with rows that are not those of the examples');
    // Three examples: w [3, 1] looks like one row for each of them.
    expect(blocksOf(() => outer(tf.slice(x, 0, 3))())).toEqual([
      'it meets another variable before it meets an example',
      'it meets another variable before it meets an example',
      'the outputs do not depend on it',
    ]);
    expect(blocksOf(() => tf.matMul(tf.matMul(x, column(w)), column(w), false, true))[0]).toMatch(
      'several shapes, or also transposed',
    );
    tf.dispose([w, b, u, x]);
  });

  it('refuses what it cannot take, and leaves nothing behind', async () => {
    const w = variableOf([1, 2, 3]);
    const x = normal([4, 3], 1) as Tensor2D;
    const outputs = (): Tensor => tf.matMul(x, tf.reshape(w, [3, 1]));
    const loss = (z: Tensor): Scalar => tf.mean(tf.square(z));
    const bare = lossObjective(() => loss(outputs()), [w]);
    expect(errorOf(() => new KFACOperator(bare)).message).toMatch(/KFACOperator: .*knows its outputs/);
    const unknown = lossObjective({ outputs, loss }, [w]);
    expect(errorOf(() => new KFACOperator(unknown)).message).toMatch(
      /KFACOperator: .*lossObjective\(\{ outputs, loss, likelihood \}/,
    );
    new KFACOperator(unknown, { type: 'empirical' }).dispose();
    const sampleWeight = tf.tensor1d([1, -1, 1, 1]);
    const negative = lossObjective({ outputs, loss, sampleWeight, likelihood: 'gaussian' }, [w]);
    expect(errorOf(() => new KFACOperator(negative)).message).toMatch(/weights >= 0/);
    sampleWeight.dispose();
    const objective = lossObjective({ outputs, loss, likelihood: 'gaussian' }, [w]);
    for (const options of [{ type: 'mc' }, { setting: 'sum' }, { samples: 0 }, { seed: 0.5 }, { rank: 3 }]) {
      expect(errorOf(() => new KFACOperator(objective, options as KFACOptions)).where).toBe('KFACOperator');
    }
    const kfac = new KFACOperator(objective);
    const long = tf.ones([4]) as Tensor1D;
    const spoilt = tf.tensor1d([1, NaN, 2]);
    expect(errorOf(() => kfac.matvec(long)).message).toMatch('[3]');
    expect(errorOf(() => kfac.matvec(spoilt)).message).toMatch('finite');
    for (const damping of [-1, NaN, undefined]) {
      await expect(kfac.inverse({ damping: damping! })).rejects.toThrow('a number damping >= 0');
      await expect(kfac.logDeterminant({ damping: damping! })).rejects.toThrow('a number damping >= 0');
    }
    await expect(kfac.inverse({ damping: 1, split: 'both' as 'exact' })).rejects.toThrow('split');
    // Four examples make a factor of full rank.
    (await kfac.inverse({ damping: 0 })).dispose();
    const corrected = new KFACOperator(objective, { correctEigenvalues: true });
    await expect(corrected.inverse({ damping: 1, split: 'factored' })).rejects.toThrow("split 'exact'");
    corrected.dispose();
    kfac.dispose();
    kfac.dispose();
    expect(errorOf(() => kfac.refresh()).message).toMatch('a disposed one');
    expect(errorOf(() => kfac.blocks).message).toMatch('a disposed one');
    await expect(kfac.trace()).rejects.toThrow('a disposed one');
    tf.dispose([w, x, long, spoilt]);
  });

  it('names the block that is singular without damping', () =>
    // The gradients of softmax sum to zero: B of the last layer is singular.
    withModel([dense(3, 'softmax', 5, { inputShape: [2] })], normal([6, 2], 1), async (objective) => {
      for (const options of [{}, { correctEigenvalues: true }]) {
        const kfac = new KFACOperator(objective, options);
        const expected = `damping > 0, as the block of ${kfac.parameters.names.join(', ')} is singular`;
        await expect(kfac.inverse({ damping: 0 })).rejects.toThrow(expected);
        await expect(kfac.logDeterminant({ damping: 0 })).rejects.toThrow(expected);
        kfac.dispose();
      }
    }));

  it('can be aborted, and says so where its parameters or itself change meanwhile', () =>
    withModel(
      [dense(4, 'tanh', 4, { inputShape: [2] }), dense(3, 'softmax', 5)],
      normal([6, 2], 1),
      async (objective) => {
        for (const correctEigenvalues of [false, true]) {
          const kfac = new KFACOperator(objective, { correctEigenvalues });
          const { signal } = { signal: AbortSignal.abort(new Error('enough')) };
          await expect(kfac.inverse({ damping: 1, signal })).rejects.toThrow('enough');
          await expect(kfac.logDeterminant({ damping: 1, signal })).rejects.toThrow('enough');
          const [kernel] = kfac.parameters.variables as [tf.Variable];
          const running = kfac.inverse({ damping: 1 });
          tf.tidy(() => kernel.assign(tf.mul(kernel, 1.5)));
          await expect(running).rejects.toThrow('assigned to meanwhile');
          const refreshed = kfac.trace();
          kfac.refresh();
          await expect(refreshed).rejects.toThrow('refreshed meanwhile');
          const late = kfac.frobeniusNorm();
          kfac.dispose();
          await expect(late).rejects.toThrow('disposed');
        }
      },
    ));

  it('lives in a tidy, and outlives it', () =>
    withModel([dense(3, 'softmax', 5, { inputShape: [2] })], normal([6, 2], 1), (objective) => {
      let kfac: KFACOperator;
      tf.tidy(() => {
        kfac = new KFACOperator(objective, { correctEigenvalues: true });
        kfac.matvec(tf.ones([kfac.size]) as Tensor1D);
      });
      const v = tf.ones([kfac!.size]) as Tensor1D;
      tf.dispose([v, kfac!.matvec(v)]);
      kfac!.dispose();
    }));
});
