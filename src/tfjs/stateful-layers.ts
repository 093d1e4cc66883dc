import type { Tensor } from '@tensorflow/tfjs-core';
import { clone, keep, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { handToScope } from './engine.js';

/** The members by which layers hold other layers, and by which recurrent layers renew their state. */
interface MaybeNested {
  readonly layers?: MaybeNested[];
  readonly layer?: MaybeNested;
  readonly forwardLayer?: MaybeNested;
  readonly backwardLayer?: MaybeNested;
  readonly stateful?: boolean;
  states_?: Tensor[];
  resetStates?: (states?: Tensor | Tensor[]) => void;
}

/** Whether a model has recurrent layers that go on, in each batch, from the state that the one before has left. */
export function hasStates(model: LayersModel): boolean {
  return statefulLayers(model as unknown as MaybeNested).length > 0;
}

/**
 * Runs `f`, which applies the model to one batch after another. Stateful recurrent layers begin with the states that they
 * have, go on from batch to batch as in `model.evaluate`, and have the first again afterwards. The way through the
 * states is differentiated like the rest.
 *
 * @param f returns tensors, which belong to the innermost `tf.tidy`
 */
export function withPassingStates<T extends Tensor[][]>(model: LayersModel, f: () => T): T {
  const layers = statefulLayers(model as unknown as MaybeNested);
  if (layers.length === 0) return f();
  return tidy(() => {
    const before = layers.map(({ states_ }) => states_);
    const passing: Tensor[] = [];
    for (const layer of layers) {
      layer.resetStates = (states = []) => {
        // A layer calls this at the end of a scope of its own, which the states outlive.
        layer.states_ = (Array.isArray(states) ? states : [states]).map((state) => keep(clone(state)));
        passing.push(...layer.states_);
      };
    }
    try {
      return f();
    } finally {
      layers.forEach((layer, i) => {
        // Uncovers the method of the prototype.
        delete layer.resetStates;
        layer.states_ = before[i];
      });
      passing.forEach(handToScope);
    }
  });
}

function statefulLayers(layer: MaybeNested): MaybeNested[] {
  const inside = [...(layer.layers ?? []), layer.layer, layer.forwardLayer, layer.backwardLayer];
  const nested = inside.flatMap((inner) => (inner == null ? [] : statefulLayers(inner)));
  const isRecurrent =
    layer.layers == null && layer.stateful === true && typeof layer.resetStates === 'function';
  return isRecurrent ? [layer, ...nested] : nested;
}
