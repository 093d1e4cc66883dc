import type { LayersModel } from '@tensorflow/tfjs-layers';

/** The members by which layers hold other layers, and by which recurrent layers renew their state. */
interface MaybeNested {
  readonly layers?: MaybeNested[];
  readonly layer?: MaybeNested;
  readonly forwardLayer?: MaybeNested;
  readonly backwardLayer?: MaybeNested;
  readonly stateful?: boolean;
  resetStates?: (...args: unknown[]) => void;
}

/** Runs `f` while the states of stateful recurrent layers stay as they are. */
export function withFrozenStates<T>(model: LayersModel, f: () => T): T {
  const frozen = statefulLayers(model as unknown as MaybeNested);
  for (const layer of frozen) layer.resetStates = () => {};
  try {
    return f();
  } finally {
    // Uncovers the method of the prototype.
    for (const layer of frozen) delete layer.resetStates;
  }
}

function statefulLayers(layer: MaybeNested): MaybeNested[] {
  const inside = [...(layer.layers ?? []), layer.layer, layer.forwardLayer, layer.backwardLayer];
  const nested = inside.flatMap((inner) => (inner == null ? [] : statefulLayers(inner)));
  const isRecurrent =
    layer.layers == null && layer.stateful === true && typeof layer.resetStates === 'function';
  return isRecurrent ? [layer, ...nested] : nested;
}
