import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { SplitLoss } from '../src/objectives/objective.js';

/** A net of real size with the double-precision truth that test/spectra/README.md describes. */
export interface SpectrumCase {
  readonly variables: Variable[];
  /** Mean softmax cross-entropy over the examples. */
  readonly loss: () => Scalar;
  /** The same loss as a function of the logits. */
  readonly split: SplitLoss;
  readonly v: Tensor1D;
  readonly expected: {
    readonly loss: number;
    readonly hv: Float32Array;
    readonly gradient: Float32Array;
    /** Largest eigenvalues, descending. */
    readonly largest: readonly number[];
    /** Smallest eigenvalues, ascending; where known. */
    readonly smallest: readonly number[];
  };
  dispose(): void;
}

type Logits = (weights: Tensor[], x: Tensor) => Tensor;

/** 784-256-128-10 ReLU network on 512 MNIST examples. */
export function mnistMlp(): SpectrumCase {
  const shapes = readJson<Record<string, { shape: number[] }>>('mnist-mlp/manifest.json');
  const names = ['W1', 'b1', 'W2', 'b2', 'W3', 'b3'];
  const weights = names.map((name) => tf.tensor(readFloats(`mnist-mlp/${name}.bin`), shapes[name]!.shape));
  const reference = readJson<{ loss512: number; top16: number[]; bottom3: number[] }>(
    'mnist-mlp/reference.json',
  );
  const logits: Logits = (w, x) =>
    [0, 1, 2].reduce((h, layer) => {
      const z = tf.add(tf.matMul(h as Tensor2D, w[2 * layer] as Tensor2D), w[2 * layer + 1]!);
      return layer < 2 ? tf.relu(z) : z;
    }, x);
  return spectrumCase('mnist-mlp', [512, 784], weights, logits, {
    loss: reference.loss512,
    largest: reference.top16,
    smallest: reference.bottom3,
  });
}

/** The paper's SimpleCNN (361 898 parameters) on 64 CIFAR-10 examples. */
export function simpleCnn(): SpectrumCase {
  const { weights: layout } = readJson<{ weights: { shape: number[] }[] }>('simple-cnn/manifest.json');
  const all = readFloats('simple-cnn/weights.bin');
  let begin = 0;
  const weights = layout.map(({ shape }) => {
    const size = shape.reduce((product, d) => product * d, 1);
    begin += size;
    return tf.tensor(all.slice(begin - size, begin), shape);
  });
  const reference = readJson<{ loss: number; top5: number[] }>('simple-cnn/reference.json');
  const logits: Logits = (w, x) => {
    const conv = (h: Tensor, layer: number, pad: 'same' | 'valid'): Tensor4D =>
      tf.relu(tf.add(tf.conv2d(h as Tensor4D, w[2 * layer] as Tensor4D, 1, pad), w[2 * layer + 1]!));
    const dense = (h: Tensor, layer: number): Tensor =>
      tf.add(tf.matMul(h as Tensor2D, w[2 * layer] as Tensor2D), w[2 * layer + 1]!);
    const block = (h: Tensor, layer: number): Tensor4D =>
      tf.maxPool(conv(conv(h, layer, 'same'), layer + 1, 'valid'), 2, 2, 'valid');
    return dense(tf.relu(dense(tf.reshape(block(block(x, 0), 2), [x.shape[0]!, -1]), 4)), 5);
  };
  return spectrumCase('simple-cnn', [64, 32, 32, 3], weights, logits, {
    loss: reference.loss,
    largest: reference.top5,
    smallest: [],
  });
}

function spectrumCase(
  name: string,
  inputShape: number[],
  weights: Tensor[],
  logits: Logits,
  reference: Pick<SpectrumCase['expected'], 'loss' | 'largest' | 'smallest'>,
): SpectrumCase {
  const variables = weights.map((weight) => tf.variable(weight));
  tf.dispose(weights);
  const x = tf.tensor(readFloats(`${name}/x.bin`), inputShape);
  const labels = tf.tensor1d(new Int32Array(readBytes(`${name}/y.bin`)), 'int32');
  const y = tf.tidy(() => tf.cast(tf.oneHot(labels, 10), 'float32'));
  const v = tf.tensor1d(readFloats(`${name}/v.bin`));
  return {
    variables,
    loss: () => tf.tidy(() => tf.losses.softmaxCrossEntropy(y, logits(variables, x))),
    split: {
      outputs: () => logits(variables, x),
      loss: (z) => tf.losses.softmaxCrossEntropy(y, z),
      likelihood: 'categorical',
    },
    v,
    expected: {
      ...reference,
      hv: readFloats(`${name}/Hv.f32.bin`),
      gradient: readFloats(`${name}/grad.f32.bin`),
    },
    dispose: () => tf.dispose([...variables, x, labels, y, v]),
  };
}

const path = (file: string): string => join(import.meta.dirname, 'spectra', file);

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(path(file), 'utf8')) as T;
}

/** The bytes of a little-endian file, in a buffer of their own. */
function readBytes(file: string): ArrayBuffer {
  return Uint8Array.from(readFileSync(path(file))).buffer;
}

function readFloats(file: string): Float32Array {
  return new Float32Array(readBytes(file));
}
