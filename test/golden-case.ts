import type { DataType, Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { models } from '@tensorflow/tfjs-layers';
import type { LayersModel } from '@tensorflow/tfjs-layers';

interface FlatTensor {
  shape: number[];
  dtype?: DataType;
  data: number[];
}

/** One double-precision reference case as test/golden/README.md describes it. */
export interface GoldenFile {
  name: string;
  topology: object;
  weights: (FlatTensor & { name: string })[];
  x: FlatTensor;
  y: FlatTensor;
  loss: string;
  training: boolean;
  v: FlatTensor[];
  expected: { loss: number; grad: number[][]; hv: number[][]; eigenvalues: number[] };
}

/** A reference case brought to life on the present backend. */
export interface GoldenCase {
  model: LayersModel;
  variables: Variable[];
  x: Tensor;
  y: Tensor;
  loss: () => Scalar;
  v: Tensor1D;
  dispose(): void;
}

const toTensor = ({ data, shape, dtype }: FlatTensor): Tensor => tf.tensor(data, shape, dtype ?? 'float32');

/** Builds the model of a case, fills in its weights and makes its loss. */
export async function loadGolden(file: GoldenFile): Promise<GoldenCase> {
  const topology = structuredClone(file.topology) as Parameters<typeof models.modelFromJSON>[0];
  const model = await models.modelFromJSON({ modelTopology: topology } as never);
  const slots = [...model.trainableWeights, ...model.nonTrainableWeights];
  slots.forEach((slot, i) => {
    const value = toTensor(file.weights[i]!);
    slot.write(value);
    value.dispose();
  });
  const x = toTensor(file.x);
  const y = toTensor(file.y);
  const lossFn = lossFunction(model, file.loss);
  const loss = (): Scalar =>
    tf.tidy(() => {
      const prediction = model.apply(x, { training: file.training }) as Tensor;
      const mean: Tensor = tf.mean(lossFn(y, prediction));
      return (model as unknown as { calculateLosses(): Tensor[] })
        .calculateLosses()
        .reduce((total, term) => tf.add(total, term), mean) as Scalar;
    });
  const v = tf.tensor1d(file.v.flatMap((part) => part.data));
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  return {
    model,
    variables,
    x,
    y,
    loss,
    v,
    dispose: () => {
      tf.dispose([x, y, v]);
      model.dispose();
    },
  };
}

type LossFunction = (y: Tensor, prediction: Tensor) => Tensor;

function lossFunction(model: LayersModel, name: string): LossFunction {
  const losses = tf.losses as unknown as Record<string, LossFunction>;
  if (losses[name] != null && name !== 'meanSquaredError') return losses[name];
  model.compile({ optimizer: 'sgd', loss: name });
  const inner = (model as unknown as { model?: LayersModel }).model ?? model;
  return (inner as unknown as { lossFunctions: LossFunction[] }).lossFunctions[0]!;
}

/** ‖got − want‖₂ / ‖want‖₂ */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < want.length; i++) {
    difference += (got[i]! - want[i]!) ** 2;
    norm += want[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), Number.MIN_VALUE);
}
