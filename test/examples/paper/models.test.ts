import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createModel, modelNames } from '../../../examples/models/create-model.js';
import { fullWidths } from '../../../examples/models/model-shape.js';
import { resnet32 } from '../../../examples/models/resnet-32.js';
import { textCnn } from '../../../examples/models/text-cnn.js';
import { wordLstm } from '../../../examples/models/word-lstm.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';

const cifar = { inputShape: [32, 32, 3], classes: 10, seed: 1 } as const;

describe('models of the paper', () => {
  beforeAll(() => useBackend('cpu'));

  // Of a convolution k²·in·out + out, of a dense layer in·out + out. The first two are the paper's own figures.
  const counts: Record<(typeof modelNames)[number], number> = {
    'simple-cnn': 361_898,
    medium: 2_399_518,
    // 448 + 10·2320 + (4640 + 544 + 9·9248) + (18 496 + 2112 + 9·36 928) + 650
    'resnet-32': 465_674,
    // 1792 + 73 856 + 295 168 + 590 080 + 1 180 160 + 3·2 359 808 + 262 656 + 5130
    'vgg-11': 9_488_266,
    // 3072·256 + 256 + 256·128 + 128 + 128·10 + 10
    mlp: 820_874,
  };

  it.each(modelNames)('%s has the parameters it should have on 32 × 32 × 3', (name) => {
    const model = createModel(name, cifar);
    expect(model.countParams()).toBe(counts[name]);
    expect(model.outputs[0]!.shape).toEqual([null, 10]);
    model.dispose();
  });

  it('of texts have the parameters they should have', () => {
    // 5000·50 + 3·50·250 + 250 + 250·250 + 250 + 250·2 + 2
    const cnn = textCnn({ length: 200, vocabulary: 5000, classes: 2, seed: 1 }, fullWidths);
    expect(cnn.countParams()).toBe(351_002);
    // 2000·200 + 2·4·(200·200 + 200·200 + 200) + 200·2000 + 2000
    const lstm = wordLstm({ length: 20, vocabulary: 2000, classes: 2000, seed: 1 }, fullWidths);
    expect(lstm.countParams()).toBe(1_443_600);
    expect(lstm.outputs[0]!.shape).toEqual([null, 2000]);
    for (const model of [cnn, lstm]) model.dispose();
  });

  it('begins with equal weights for equal seeds only', async () => {
    const [a, b, c] = [1, 1, 2].map((seed) =>
      createModel('mlp', { ...cifar, seed }, { filters: 1, hidden: 1 / 64 }),
    );
    const weights = (model: LayersModel | undefined) =>
      Promise.all(model!.getWeights().map((weight) => weight.data()));
    expect(await weights(a)).toEqual(await weights(b));
    expect(await weights(a)).not.toEqual(await weights(c));
    for (const model of [a, b, c]) model!.dispose();
  });

  it('ResNet-32 has 32 layers with weights on its path, no batch normalisation, and a fifteenth of the variance', () => {
    const model = resnet32(cifar, fullWidths);
    const kinds = model.layers.map((layer) => layer.getClassName());
    // 1 + 3·5·2 convolutions and two shortcuts; one dense layer.
    expect(kinds.filter((kind) => kind === 'Conv2D')).toHaveLength(31 + 2);
    expect(kinds.filter((kind) => kind === 'Dense')).toHaveLength(1);
    expect(kinds).not.toContain('BatchNormalization');
    const kernel = model.layers.at(-1)!.getWeights()[0]!;
    const deviation = tf.tidy(() => Math.sqrt(tf.mean(tf.square(kernel)).dataSync()[0]!));
    // tfjs draws from a normal distribution cut off at two deviations, which has 0.88 of the deviation.
    expect(deviation / Math.sqrt(2 / 15 / 64)).toBeGreaterThan(0.8);
    expect(deviation / Math.sqrt(2 / 15 / 64)).toBeLessThan(0.96);
    model.dispose();
  });

  it.each(['simple-cnn', 'resnet-32'] as const)('%s can be differentiated twice', async (name) => {
    await useBackend('wasm');
    const undo = await registerWasmTrainingKernels();
    const model = createModel(name, cifar);
    const xs = tf.randomNormal([2, 32, 32, 3], 0, 1, 'float32', 1);
    const ys = tf.tidy(() => tf.cast(tf.oneHot([1, 2], 10), 'float32'));
    const objective = modelObjective(model, { xs, ys }, { loss: 'categoricalCrossentropy' });
    const hessian = new HessianOperator(objective);
    const u = tf.randomNormal([hessian.size], 0, 1, 'float32', 2) as tf.Tensor1D;
    const v = tf.randomNormal([hessian.size], 0, 1, 'float32', 3) as tf.Tensor1D;
    const [hu, hv] = [hessian.matvec(u), hessian.matvec(v)];
    const [a, b, size] = tf.tidy(() =>
      [tf.dot(u, hv), tf.dot(v, hu), tf.mul(tf.norm(hu), tf.norm(v))].map((x) => x.dataSync()[0]!),
    );
    expect(size).toBeGreaterThan(0);
    // Symmetric, to float32 rounding of sums over n numbers.
    expect(Math.abs(a! - b!)).toBeLessThan(1e-4 * size!);
    tf.dispose([xs, ys, u, v, hu, hv]);
    hessian.dispose();
    model.dispose();
    undo();
  });
});
