import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy, util, zeros } from '@tensorflow/tfjs-core';
import type { Jitter } from './jitter.js';
import { broadcastTo } from '../tfjs/kernels/broadcast.js';
import { add } from '../tfjs/kernels/kernel-ops.js';
import type { TapeValue, ValueId } from './tape.js';
import { secondReference } from './tape-in-charge.js';

/**
 * The adjoints of the values a sweep has reached so far, each of its value's shape or of one that broadcasts to it.
 * Every tensor in it is owned by it alone.
 */
export class AdjointTable {
  private readonly adjoints = new Map<ValueId, Tensor>();

  /** @param jitter errors for all adjoints */
  constructor(private readonly jitter: Jitter | null) {}

  /** Adds a tensor, which it takes over, to the adjoint of a value. */
  accumulate(id: ValueId, exact: Tensor): void {
    const dx = this.disturb(exact);
    const present = this.adjoints.get(id);
    if (present == null) {
      this.adjoints.set(id, dx);
      return;
    }
    try {
      this.adjoints.set(
        id,
        kept(() => add(present, dx)),
      );
      present.dispose();
    } finally {
      dx.dispose();
    }
  }

  /**
   * The adjoints of a node's outputs, handed over to the caller; null if none was reached.
   * A value that is also wanted as a result stays in the table.
   */
  take(outputs: readonly TapeValue[], wanted: ReadonlySet<ValueId>): Tensor[] | null {
    if (!outputs.some(({ id }) => this.adjoints.has(id))) return null;
    const taken: Tensor[] = [];
    try {
      for (const output of outputs) taken.push(this.takeOne(output, wanted.has(output.id)));
      return taken;
    } catch (error) {
      for (const adjoint of taken) adjoint.dispose();
      throw error;
    }
  }

  /** A reference to the adjoint of a value, for the caller to own; null if it was not reached. */
  reference(value: TapeValue): Tensor | null {
    const adjoint = this.whole(value);
    return adjoint == null ? null : secondReference(adjoint);
  }

  dispose(): void {
    for (const adjoint of this.adjoints.values()) adjoint.dispose();
    this.adjoints.clear();
  }

  /** `dx`, which it takes over, with errors. */
  private disturb(dx: Tensor): Tensor {
    const { jitter } = this;
    if (jitter == null) return dx;
    try {
      return kept(() => jitter.apply(dx));
    } finally {
      dx.dispose();
    }
  }

  private takeOne(output: TapeValue, isWanted: boolean): Tensor {
    const adjoint = this.whole(output);
    if (adjoint == null) return kept(() => zeros(output.shape));
    if (isWanted) return secondReference(adjoint);
    this.adjoints.delete(output.id);
    return adjoint;
  }

  /** The adjoint of a value, spread out to its shape; null if it was not reached. */
  private whole({ id, shape }: TapeValue): Tensor | null {
    const adjoint = this.adjoints.get(id);
    if (adjoint == null || util.arraysEqual(adjoint.shape, shape)) return adjoint ?? null;
    const whole = kept(() => broadcastTo(adjoint, shape));
    adjoint.dispose();
    this.adjoints.set(id, whole);
    return whole;
  }
}

function kept(f: () => Tensor): Tensor {
  const tensor = tidy(f);
  tensor.kept = true;
  return tensor;
}
