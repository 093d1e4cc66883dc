import type { DataId, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { aliasTensor } from './engine.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';

/**
 * Which tensors are which values, which values depend on a source, and a hold of each that a node needs.
 *
 * Holds are second holds on the memory of tensors that TensorFlow.js may dispose at any time: nothing is copied.
 */
export class ValueTable {
  /** One hold of each saved value, shared by the nodes that need it. */
  private readonly holds = new Map<ValueId, Tensor>();
  /** Values that depend on a source. */
  private readonly tracked = new Set<ValueId>();
  private readonly trackedData = new WeakSet<DataId>();
  /** The value that a second hold stands for. */
  private readonly identity = new Map<number, ValueId>();

  /** The identity of a tensor's value. */
  idOf(tensor: Tensor): ValueId {
    return this.identity.get(tensor.id) ?? tensor.id;
  }

  /** Whether a tensor's value depends on a source. */
  isTracked(tensor: Tensor): boolean {
    return this.tracked.has(this.idOf(tensor));
  }

  /** Whether a value that depends on a source lies there. */
  isTrackedData(dataId: DataId): boolean {
    return this.trackedData.has(dataId);
  }

  /** From now on the value of a tensor counts as depending on a source. */
  track(tensor: Tensor): void {
    this.tracked.add(this.idOf(tensor));
    this.trackedData.add(tensor.dataId);
  }

  /** The inputs that carry a derivative, by name, without those in `constant`; null if there is none. */
  trackedInputs(inputs: NamedTensorMap, constant: readonly string[] = []): Record<string, TapeValue> | null {
    const found: Record<string, TapeValue> = {};
    let any = false;
    for (const name of Object.keys(inputs)) {
      const x = inputs[name];
      if (x == null || !carriesDerivative(x) || !this.isTracked(x) || constant.includes(name)) continue;
      found[name] = { id: this.idOf(x), shape: x.shape };
      any = true;
    }
    return any ? found : null;
  }

  /** A second hold of a tensor that counts as the same value. The caller disposes it. */
  readonly alias = (tensor: Tensor): Tensor => {
    const alias = aliasTensor(tensor);
    this.identity.set(alias.id, this.idOf(tensor));
    return alias;
  };

  /** The table's own hold of a tensor's value, which lives until it is released. */
  hold(tensor: Tensor): Tensor {
    const id = this.idOf(tensor);
    const present = this.holds.get(id);
    if (present != null) return present;
    const hold = this.alias(tensor);
    this.holds.set(id, hold);
    return hold;
  }

  /** Releases all holds but those that these nodes need, and forgets what was tracked. */
  retain(nodes: readonly TapeNode[]): void {
    const needed = new Set(nodes.flatMap((node) => node.saved));
    for (const [id, hold] of this.holds) {
      if (needed.has(hold)) continue;
      hold.dispose();
      this.holds.delete(id);
    }
    this.tracked.clear();
    this.identity.clear();
  }

  /** Releases all holds. */
  dispose(): void {
    for (const hold of this.holds.values()) hold.dispose();
    this.holds.clear();
  }
}

/** Whole numbers, truth values and strings are piecewise constant. */
export function carriesDerivative({ dtype }: Tensor): boolean {
  return dtype === 'float32' || dtype === 'complex64';
}

/** A fresh tensor as a value of its own. */
export function valueOf(tensor: Tensor): TapeValue {
  return { id: tensor.id, shape: tensor.shape };
}
