import type { DataId, NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import { aliasTensor, engineInternals } from '../tfjs/engine.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';

/** Is told that a variable which is a source holds another value now. */
export type OnAssigned = (variable: Variable, before: ValueId, now: ValueId) => void;

/**
 * Which tensors are which values, which values depend on a source, and a reference to each that a node needs.
 *
 * A tensor is one value; a variable is another value each time it is assigned to. Holds are second references on the memory
 * of tensors that TensorFlow.js may dispose at any time: nothing is copied.
 */
export class ValueTable {
  /** One reference to each saved value, shared by the nodes that need it. */
  private readonly references = new Map<ValueId, Tensor>();
  /** Values that depend on a source with a derivative. */
  private readonly tracked = new Set<ValueId>();
  /** Values that depend on a source with a derivative that is zero wherever it exists. */
  private readonly constant = new Set<ValueId>();
  /** Those of the tracked values that are no float32 numbers. */
  private readonly wholes = new Set<ValueId>();
  private readonly trackedData = new Map<DataId, TapeValue[]>();
  /** The value that a second reference stands for. */
  private readonly identity = new Map<number, ValueId>();
  /** The values that each variable met has held, by its memory. The first bears the id of the variable. */
  private readonly contents = new Map<number, Map<DataId, ValueId>>();

  constructor(private readonly onAssigned: OnAssigned) {}

  /** The identity of a tensor's value. */
  idOf(tensor: Tensor): ValueId {
    const known = this.identity.get(tensor.id);
    if (known != null) return known;
    return isVariable(tensor) ? this.contentOf(tensor) : tensor.id;
  }

  /** Whether a tensor's value depends on a source with a derivative. */
  isTracked(tensor: Tensor): boolean {
    return this.tracked.has(this.idOf(tensor));
  }

  /** The values that depend on a source and lie there. */
  trackedAt(dataId: DataId): readonly TapeValue[] {
    return this.trackedData.get(dataId) ?? [];
  }

  /** From now on the value of a tensor counts as depending on a source. */
  track(tensor: Tensor): void {
    const id = this.idOf(tensor);
    if (this.tracked.has(id)) return;
    this.tracked.add(id);
    if (!carriesDerivative(tensor)) this.wholes.add(id);
    const value = { id, shape: tensor.shape };
    const others = this.trackedData.get(tensor.dataId);
    if (others == null) this.trackedData.set(tensor.dataId, [value]);
    else others.push(value);
  }

  /** From now on a value that is not at hand counts as depending on a source. */
  trackId(id: ValueId): void {
    this.tracked.add(id);
  }

  /** From now on the value of a tensor counts as depending on a source piecewise constantly. */
  trackConstant(tensor: Tensor): void {
    this.constant.add(this.idOf(tensor));
  }

  /**
   * Whether a derivative passes from inputs to an output. Whole numbers and truth values are steps of what they come
   * from; where they are what is differentiated by, they and what is made of them count as the real numbers that they
   * are.
   */
  passes(inputs: TapeNode['inputs'], output: Tensor): boolean {
    if (carriesDerivative(output)) return true;
    return this.wholes.size > 0 && Object.values(inputs).some(({ id }) => this.wholes.has(id));
  }

  /** The inputs that carry a derivative, by name, without those in `constant`; null if there is none. */
  trackedInputs(inputs: NamedTensorMap, constant: readonly string[] = []): Record<string, TapeValue> | null {
    let found: Record<string, TapeValue> | null = null;
    for (const name of Object.keys(inputs)) {
      const x = inputs[name];
      if (x == null) continue;
      const id = this.idOf(x);
      if (!this.tracked.has(id) || constant.includes(name)) continue;
      found ??= {};
      found[name] = { id, shape: x.shape };
    }
    return found;
  }

  /** The inputs that depend on a source in any way, but for those in `others`. */
  constantInputs(inputs: NamedTensorMap, others: Readonly<Record<string, TapeValue>>): ValueId[] {
    const found: ValueId[] = [];
    for (const name of Object.keys(inputs)) {
      const x = inputs[name];
      if (x == null || name in others) continue;
      const id = this.idOf(x);
      if (this.tracked.has(id) || this.constant.has(id)) found.push(id);
    }
    return found;
  }

  /** A second reference to a tensor that counts as the same value. The caller disposes it. */
  alias(tensor: Tensor): Tensor {
    const alias = aliasTensor(tensor);
    this.identity.set(alias.id, this.idOf(tensor));
    return alias;
  }

  /** The table's own reference to a tensor's value, which lives until it is released. */
  reference(tensor: Tensor): Tensor {
    const id = this.idOf(tensor);
    const present = this.references.get(id);
    if (present != null) return present;
    const reference = this.alias(tensor);
    this.references.set(id, reference);
    return reference;
  }

  /** Releases all references but those that these nodes need, and forgets what was tracked. */
  retain(nodes: readonly TapeNode[]): void {
    this.releaseAllBut(new Set(nodes.flatMap((node) => node.saved)));
  }

  private releaseAllBut(needed: ReadonlySet<Tensor>): void {
    for (const [id, reference] of this.references) {
      if (needed.has(reference)) continue;
      reference.dispose();
      this.references.delete(id);
    }
    this.tracked.clear();
    this.constant.clear();
    this.trackedData.clear();
    this.identity.clear();
    this.contents.clear();
  }

  /**
   * Releases the references that none of these nodes needs, and each other one after the last node that does.
   *
   * @param nodes in the order in which they will be visited
   * @returns a function to call after each visit
   */
  releaseAlong(nodes: readonly TapeNode[]): (visited: TapeNode) => void {
    const needed = new Set<Tensor>();
    const due = new Map<TapeNode, Tensor[]>();
    for (const node of [...nodes].reverse()) {
      const last = node.saved.filter((tensor) => !needed.has(tensor));
      if (last.length === 0) continue;
      due.set(node, last);
      for (const tensor of last) needed.add(tensor);
    }
    this.releaseAllBut(needed);
    return (visited) => {
      for (const tensor of due.get(visited) ?? []) tensor.dispose();
      // What it has derived since.
      for (const tensor of visited.saved) if (!needed.has(tensor)) tensor.dispose();
    };
  }

  /** The references that are left. */
  get held(): Tensor[] {
    return [...this.references.values()];
  }

  /** Releases all references. */
  dispose(): void {
    for (const reference of this.references.values()) reference.dispose();
    this.references.clear();
  }

  private contentOf(variable: Variable): ValueId {
    const contents = this.contents.get(variable.id);
    if (contents == null) {
      this.contents.set(variable.id, new Map([[variable.dataId, variable.id]]));
      return variable.id;
    }
    const known = contents.get(variable.dataId);
    if (known != null) return known;
    const before = [...contents.values()].filter((value) => this.tracked.has(value)).at(-1);
    const id = engineInternals().nextTensorId();
    contents.set(variable.dataId, id);
    if (before != null) this.onAssigned(variable, before, id);
    return id;
  }
}

/** Whole numbers, truth values and strings are piecewise constant. */
function carriesDerivative({ dtype }: Tensor): boolean {
  return dtype === 'float32' || dtype === 'complex64';
}

/** A fresh tensor as a value of its own. */
export function valueOf(tensor: Tensor): TapeValue {
  return { id: tensor.id, shape: tensor.shape };
}

// `instanceof Variable` looks at more, and every operand of every kernel is asked.
function isVariable(tensor: Tensor): tensor is Variable {
  return (tensor as Partial<Variable>).trainable !== undefined;
}
