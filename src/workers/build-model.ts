import type { Variable } from '@tensorflow/tfjs-core';
import { dispose as disposeTensors } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layers, models } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import { requirePacked, sizeOf, unpackTensor } from './packed-tensor.js';
import type { ModelMessage } from './protocol.js';

const where = 'ShardWorker.service.loadModel';

/**
 * The model of a message with its weights, owned by the caller.
 *
 * Before each weight that the topology asks for is made, it is counted against those that were sent: a few bytes of
 * topology cannot ask for more memory than came with them.
 *
 * @throws CurvatureArgumentError for a topology that is none, or weights that do not fit it; nothing is left of it then
 */
export async function buildModel({ topology, weights }: ModelMessage): Promise<LayersModel> {
  const isObject = typeof topology === 'object' && topology !== null && !Array.isArray(topology);
  requireArgument(isObject, where, 'a topology as model.toJSON gives it', topology);
  requireArgument(Array.isArray(weights), where, 'a list of weights', weights);
  for (const weight of weights) requirePacked(weight, where);
  const most = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const made: Made = { size: 0, weights: [] };
  let model: LayersModel;
  try {
    model = await countingWeights(made, most, () =>
      models.modelFromJSON({ modelTopology: topology } as Parameters<typeof models.modelFromJSON>[0]),
    );
  } catch (error) {
    for (const weight of made.weights) weight.dispose();
    throw error;
  }
  try {
    const wanted = model.weights.map(({ shape }) => `[${shape.join()}]`);
    const sent = weights.map(({ shape }) => `[${shape.join()}]`);
    const areFitting = wanted.join() === sent.join();
    requireThat(areFitting, where, `weights of shapes ${wanted.join(', ')}`, sent.join(', ') || 'none');
    const values = weights.map(unpackTensor);
    model.setWeights(values);
    disposeTensors(values);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The weights that layers have made, and how many numbers they hold. */
interface Made {
  size: number;
  readonly weights: Pick<Variable, 'dispose'>[];
}

type AddWeight = (
  this: unknown,
  name: string,
  shape: (number | null)[],
  ...rest: unknown[]
) => Made['weights'][0];

/**
 * Runs `build` while layers count what they make. The part of it that makes layers is synchronous, so that nobody
 * else's layers are counted.
 */
function countingWeights<T>(made: Made, most: number, build: () => T): T {
  const prototype = layers.Layer.prototype as unknown as { addWeight: AddWeight };
  const { addWeight } = prototype;
  prototype.addWeight = function (name, shape, ...rest) {
    made.size += sizeOf(shape as number[]);
    requireThat(made.size <= most, where, 'a topology with as many weights as were sent', 'one with more');
    const weight = addWeight.call(this, name, shape, ...rest);
    made.weights.push(weight);
    return weight;
  };
  try {
    return build();
  } finally {
    prototype.addWeight = addWeight;
  }
}
