import { util } from '@tensorflow/tfjs-core';
import type { TapeNode, ValueId } from './tape.js';

/** A node that computes with a value, or with the same numbers in another shape. */
export interface ValueUse {
  readonly node: TapeNode;
  /** The input that the value enters. */
  readonly input: string;
  /** Shape in which it enters. */
  readonly shape: readonly number[];
  /** Whether it enters as the transpose of the matrix that it is. */
  readonly isTransposed: boolean;
}

const reshaping: readonly string[] = ['Reshape', 'ExpandDims', 'Identity', 'Cast'];

/** Which nodes of a tape compute with which values. */
export class ValueUses {
  private readonly consumers = new Map<ValueId, Omit<ValueUse, 'isTransposed'>[]>();

  /** @param nodes a tape, in its order */
  constructor(private readonly nodes: readonly TapeNode[]) {
    for (const node of nodes) {
      for (const [input, { id, shape }] of Object.entries(node.inputs)) {
        const use = { node, input, shape };
        const others = this.consumers.get(id);
        if (others == null) this.consumers.set(id, [use]);
        else others.push(use);
      }
    }
  }

  /** The uses of a value, behind nodes that only call its numbers by another shape or transpose a matrix. */
  of(id: ValueId, isTransposed = false): ValueUse[] {
    return (this.consumers.get(id) ?? []).flatMap((use) => {
      const turns = turning(use);
      if (turns == null) return [{ ...use, isTransposed }];
      return this.of(use.node.outputs[0]!.id, isTransposed !== turns);
    });
  }

  /** Whether one of these nodes is reached from an output of another, or by way of others from its own. */
  areChained(users: readonly TapeNode[]): boolean {
    const reached = new Set<ValueId>();
    for (const node of this.nodes) {
      const isReached = Object.values(node.inputs).some(({ id }) => reached.has(id));
      const isUser = users.includes(node);
      if (isUser && isReached) return true;
      if (isUser || isReached) for (const { id } of node.outputs) reached.add(id);
    }
    return false;
  }
}

/** Whether a node transposes the matrix it is given, false where it changes at most its shape; null if it computes. */
function turning({ node, shape }: Omit<ValueUse, 'isTransposed'>): boolean | null {
  if (reshaping.includes(node.name)) return false;
  if (node.name !== 'Transpose') return null;
  const perm = node.context!.attrs.perm as number[];
  // Axes of size 1 may go anywhere.
  const order = perm.filter((axis) => shape[axis] !== 1);
  const inOrder = [...order].sort((a, b) => a - b);
  if (util.arraysEqual(order, inOrder)) return false;
  return order.length === 2 ? true : null;
}
