import { dispose as disposeTensors } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { models } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import type { LayerWeight } from '../tfjs/patches.js';
import { watchingWeights } from '../tfjs/patches.js';
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
  // Their states, whose size only the topology says, are made along with them. A host shares no such model out.
  JSON.stringify(topology, (key, value: unknown) => {
    requireThat(key !== 'stateful' || !value, where, 'a topology without stateful layers', 'one with');
    return value;
  });
  const most = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const made: LayerWeight[] = [];
  let size = 0;
  let model: LayersModel;
  try {
    const count = (shape: readonly number[]): void => {
      size += sizeOf(shape);
      requireThat(size <= most, where, 'a topology with as many weights as were sent', 'one with more');
    };
    const build = (): Promise<LayersModel> =>
      models.modelFromJSON({ modelTopology: topology } as Parameters<typeof models.modelFromJSON>[0]);
    model = await watchingWeights(count, (weight) => made.push(weight), build);
  } catch (error) {
    for (const weight of made) weight.dispose();
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
