import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';

type Layer = layers.Layer;
type Shape = number[];

/** Plans a network: what goes in, and a list of numbers each of which picks the next layer that fits. */
export interface Plan {
  readonly input: 'vector' | 'sequence' | 'image';
  readonly picks: number[];
  readonly seed: number;
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  input: fc.constantFrom('vector', 'sequence', 'image'),
  picks: fc.array(fc.nat({ max: 9999 }), { minLength: 1, maxLength: 4 }),
  seed: fc.nat({ max: 9999 }),
});

const inputShapes: Record<Plan['input'], Shape> = { vector: [4], sequence: [5, 2], image: [5, 4, 2] };

/** Twice differentiable, so that differences over a finite step see what the product sees. */
const smoothActivations = ['tanh', 'sigmoid', 'softplus', 'swish', 'linear'] as const;
/** With kinks, or with a second derivative that jumps. */
const kinkedActivations = ['relu', 'elu', 'selu', 'relu6', 'hardSigmoid'] as const;

type Activation = (typeof smoothActivations)[number] | (typeof kinkedActivations)[number];

/** Takes digits off a number, one decision each. */
class Decisions {
  constructor(
    private rest: number,
    private readonly smooth: boolean,
  ) {}

  of<T>(options: readonly T[]): T {
    const choice = options[this.rest % options.length]!;
    this.rest = Math.floor(this.rest / options.length);
    return choice;
  }

  activation(): Activation {
    return this.of(this.smooth ? smoothActivations : [...kinkedActivations, ...smoothActivations]);
  }
}

type Maker = (decide: Decisions) => Layer;

const anyShape: Maker[] = [
  (decide) =>
    layers.dense({
      units: decide.of([2, 3]),
      activation: decide.activation(),
      useBias: decide.of([true, false]),
    }),
  (decide) => layers.layerNormalization({ scale: decide.of([true, false]) }),
  () => layers.batchNormalization({}),
  () => layers.softmax({ axis: -1 }),
];

/** The default initializer of tfjs-layers needs chained ops; the weights are filled in anyway. */
const recurrent = { recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' } as const;

const sequences: Maker[] = [
  (decide) =>
    layers.conv1d({
      filters: decide.of([2, 1]),
      kernelSize: decide.of([2, 3]),
      padding: decide.of(['same', 'valid'] as const),
      dilationRate: decide.of([1, 2]),
      activation: decide.activation(),
    }),
  (decide) =>
    layers.averagePooling1d({
      poolSize: 2,
      strides: decide.of([1, 2]),
      padding: decide.of(['valid', 'same'] as const),
    }),
  (decide) => layers.lstm({ units: 2, returnSequences: decide.of([true, false]), ...recurrent }),
  (decide) =>
    layers.gru({
      units: 2,
      returnSequences: decide.of([true, false]),
      ...recurrent,
    }),
  (decide) =>
    layers.bidirectional({
      layer: layers.simpleRNN({ units: 2, returnSequences: true, recurrentInitializer: 'glorotUniform' }),
      mergeMode: decide.of(['concat', 'sum', 'mul'] as const),
    }),
  (decide) => layers.timeDistributed({ layer: layers.dense({ units: 2, activation: decide.activation() }) }),
  () => layers.globalAveragePooling1d({}),
  () => layers.permute({ dims: [2, 1] }),
];

const images: Maker[] = [
  (decide) =>
    layers.conv2d({
      filters: decide.of([2, 1]),
      kernelSize: decide.of([2, 3, [1, 2]]) as number,
      strides: decide.of([1, 2]),
      padding: decide.of(['same', 'valid'] as const),
      activation: decide.activation(),
    }),
  (decide) =>
    layers.conv2d({
      filters: 2,
      kernelSize: 2,
      dilationRate: decide.of([2, [1, 2]]) as number,
      padding: decide.of(['same', 'valid'] as const),
    }),
  (decide) =>
    layers.depthwiseConv2d({
      kernelSize: 2,
      depthMultiplier: decide.of([1, 2]),
      strides: decide.of([1, 2]),
      padding: decide.of(['same', 'valid'] as const),
      activation: decide.activation(),
    }),
  (decide) =>
    layers.separableConv2d({ filters: 2, kernelSize: 2, padding: decide.of(['same', 'valid'] as const) }),
  (decide) =>
    layers.conv2dTranspose({
      filters: 2,
      kernelSize: decide.of([2, 3]),
      strides: decide.of([1, 2]),
      padding: decide.of(['same', 'valid'] as const),
    }),
  (decide) =>
    layers.averagePooling2d({
      poolSize: decide.of([2, 3]),
      strides: decide.of([1, 2]),
      padding: decide.of(['same', 'valid'] as const),
    }),
  (decide) =>
    layers.upSampling2d({ size: [2, 1], interpolation: decide.of(['nearest', 'bilinear'] as const) }),
  () =>
    layers.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 1],
      ],
    }),
  () => layers.globalAveragePooling2d({}),
];

const kinkedImages: Maker[] = [
  (decide) =>
    layers.maxPooling2d({
      poolSize: 2,
      strides: decide.of([2, 1]),
      padding: decide.of(['valid', 'same'] as const),
    }),
  () => layers.globalMaxPooling2d({}),
];

const kinkedAny: Maker[] = [
  () => layers.leakyReLU({ alpha: 0.3 }),
  () => layers.prelu({}),
  () => layers.thresholdedReLU({ theta: 0.1 }),
];

function fitting(rank: number, smooth: boolean): Maker[] {
  const kinked = smooth ? [] : kinkedAny;
  if (rank === 1) return [...anyShape, ...kinked];
  if (rank === 2) return [...sequences, ...anyShape, ...kinked];
  return [...images, ...anyShape, ...(smooth ? [] : kinkedImages), ...kinked];
}

/** A network with its batch, its loss and its trainable variables. */
export interface Network {
  readonly model: LayersModel;
  readonly loss: () => Scalar;
  readonly variables: Variable[];
  readonly random: () => number;
  dispose(): void;
}

function generator(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Builds the network of a plan; a layer that the shape so far is too small for is left out. */
export function build({ input, picks, seed }: Plan, smooth: boolean): Network {
  const random = generator(seed);
  const model = sequential();
  model.add(layers.inputLayer({ inputShape: inputShapes[input] }));
  for (const pick of picks) {
    const shape = (model.outputShape as (number | null)[]).slice(1) as Shape;
    const decide = new Decisions(pick, smooth);
    const layer = decide.of(fitting(shape.length, smooth))(decide);
    if (fits(layer, shape)) model.add(layer);
  }
  if (model.outputShape.length > 2) model.add(layers.flatten());
  model.add(layers.dense({ units: 2 }));
  fillWeights(model, random);
  const shapeOf = (shape: Shape): Tensor =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, () => random() * 2 - 1),
      shape,
    );
  const [x, y] = [shapeOf([3, ...inputShapes[input]]), shapeOf([3, 2])];
  const loss = (): Scalar =>
    tf.tidy(() => {
      const error = tf.sub(model.apply(x, { training: true }) as Tensor, y);
      return tf.mean(tf.add(tf.square(error), tf.mul(0.1, tf.pow(error, 3)))) as Scalar;
    });
  return {
    model,
    loss,
    random,
    variables: model.trainableWeights.map((weight) => weight.read() as Variable),
    dispose: () => {
      tf.dispose([x, y]);
      model.dispose();
    },
  };
}

/** Whether a layer leaves something of a shape. */
function fits(layer: Layer, shape: Shape): boolean {
  try {
    const output = layer.computeOutputShape([null, ...shape]) as (number | null)[];
    return output.slice(1).every((size) => size != null && size > 0 && size < 30);
  } catch {
    return false;
  }
}

/** Scales stay positive, everything else is of either sign and moderate. */
function fillWeights(model: LayersModel, random: () => number): void {
  for (const weight of model.weights) {
    const isScale = /gamma|variance/.test(weight.originalName);
    const values = Array.from({ length: tf.util.sizeFromShape(weight.shape as number[]) }, () =>
      isScale ? 0.6 + 0.8 * random() : (random() * 2 - 1) * 0.8,
    );
    const tensor = tf.tensor(values, weight.shape as number[]);
    weight.write(tensor);
    tensor.dispose();
  }
}
