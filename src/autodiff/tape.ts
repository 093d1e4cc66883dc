import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy, util, zeros } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
import { aliasTensor, engineInternals } from './engine.js';
import type { InputAdjoints } from './gradient-rule.js';
import type { Jitter } from './jitter.js';
import { onBehalfOf } from './layer-names.js';
import { broadcastTo } from './ops/broadcast.js';
import { add } from './ops/kernel-ops.js';

/** Identity of a value on the tape: the id of the tensor that first held it. */
export type ValueId = number;

/** A value on the tape: enough to make a zero adjoint for it and to check one that is given. */
export interface TapeValue {
  readonly id: ValueId;
  readonly shape: number[];
}

/** One differentiable operation that was run while recording. */
export interface TapeNode {
  /** Kernel, or the op that brought its own gradient. */
  readonly name: string;
  /** Layer that ran the operation, where known. */
  readonly layer: string | null;
  /** The inputs that carry a derivative, by input name. */
  readonly inputs: Readonly<Record<string, TapeValue>>;
  readonly outputs: readonly TapeValue[];
  /** The values the pullback needs; owned by whoever owns the tape, shared between nodes. */
  readonly saved: readonly Tensor[];
  /** Computes what the pullback needs besides; has to come before it. Harmless when repeated. */
  readonly prepare?: () => void;
  /** Whether adjoints of the inputs may be smaller than they are: see `GradientRule.sharesAdjoints`. */
  readonly sharesAdjoints?: boolean;
  /** Adjoints of the inputs from those of the outputs. */
  readonly pullback: (dys: Tensor[]) => InputAdjoints;
}

/** A node on the way from the variables to the result, with the inputs that lie on that way. */
interface Step {
  readonly node: TapeNode;
  readonly inputs: readonly (TapeValue & { readonly name: string })[];
}

/**
 * The part of a tape between some sources and some results, ready to be swept backwards any number of times.
 *
 * The nodes stand in dependency order: each after the nodes that made its inputs.
 */
export class Sweep {
  private readonly steps: readonly Step[];

  /**
   * @param nodes a tape, or the end of one
   * @param sources values whose adjoints are wanted
   * @param results values whose adjoints will be given
   */
  constructor(
    nodes: readonly TapeNode[],
    private readonly sources: readonly TapeValue[],
    results: Iterable<ValueId>,
  ) {
    const fromSources = new Set(sources.map(({ id }) => id));
    const candidates: Step[] = [];
    for (const node of nodes) {
      const inputs = Object.entries(node.inputs)
        .filter(([, value]) => fromSources.has(value.id))
        .map(([name, value]) => ({ ...value, name }));
      if (inputs.length === 0) continue;
      candidates.push({ node, inputs });
      for (const output of node.outputs) fromSources.add(output.id);
    }
    const toResults = new Set(results);
    const steps: Step[] = [];
    for (const step of candidates.reverse()) {
      if (!step.node.outputs.some((output) => toResults.has(output.id))) continue;
      steps.push(step);
      for (const input of step.inputs) toResults.add(input.id);
    }
    this.steps = steps;
  }

  /** The nodes that the sweep visits, last first. */
  get nodes(): TapeNode[] {
    return this.steps.map((step) => step.node);
  }

  /**
   * Propagates adjoints from the results back to the sources.
   *
   * @param seeds adjoint of each result; the tensors stay the caller's
   * @param alias how to take a second hold of a tensor; recording passes one that remembers the identity
   * @param jitter errors for all adjoints on the way, to see what the sweep would change if it rounded more
   * @returns for each source a new tensor, owned by the caller, or null where no path leads to it
   */
  run(
    seeds: Iterable<readonly [ValueId, Tensor]>,
    alias: (tensor: Tensor) => Tensor = aliasTensor,
    jitter: Jitter | null = null,
  ): (Tensor | null)[] {
    const adjoints = new AdjointTable(alias, jitter);
    try {
      for (const [id, seed] of seeds) adjoints.accumulate(id, alias(seed));
      const wanted = new Set(this.sources.map(({ id }) => id));
      for (const { node, inputs } of this.steps) {
        const dys = adjoints.take(node.outputs, wanted);
        if (dys == null) continue;
        const dxs = pullBack(node, inputs, dys, alias);
        inputs.forEach(({ id }, i) => adjoints.accumulate(id, dxs[i]!));
      }
      return this.sources.map((source) => adjoints.hold(source));
    } finally {
      adjoints.dispose();
    }
  }
}

/**
 * The adjoints of the values a sweep has reached so far, each of its value's shape or of one that broadcasts to it.
 * Every tensor in it is owned by it alone.
 */
class AdjointTable {
  private readonly adjoints = new Map<ValueId, Tensor>();

  constructor(
    private readonly alias: (tensor: Tensor) => Tensor,
    private readonly jitter: Jitter | null,
  ) {}

  /** Adds a tensor, which it takes over, to the adjoint of a value. */
  accumulate(id: ValueId, exact: Tensor): void {
    const dx = this.disturb(exact);
    const present = this.adjoints.get(id);
    if (present == null) {
      this.adjoints.set(id, dx);
      return;
    }
    const total = keepTensor(add(present, dx));
    present.dispose();
    dx.dispose();
    this.adjoints.set(id, total);
  }

  /**
   * The adjoints of a node's outputs, handed over to the caller; null if none was reached.
   * A value that is also wanted as a result stays in the table.
   */
  take(outputs: readonly TapeValue[], wanted: ReadonlySet<ValueId>): Tensor[] | null {
    if (!outputs.some(({ id }) => this.adjoints.has(id))) return null;
    return outputs.map((output) => {
      const adjoint = this.whole(output);
      if (adjoint == null) return kept(() => zeros(output.shape));
      if (wanted.has(output.id)) return this.alias(adjoint);
      this.adjoints.delete(output.id);
      return adjoint;
    });
  }

  /** A hold of the adjoint of a value, for the caller to own; null if it was not reached. */
  hold(value: TapeValue): Tensor | null {
    const adjoint = this.whole(value);
    return adjoint == null ? null : this.alias(adjoint);
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

/** Runs the pullback of one node. It takes over `dys`; each adjoint returned is owned by the caller alone. */
function pullBack(
  node: TapeNode,
  inputs: Step['inputs'],
  dys: Tensor[],
  alias: (tensor: Tensor) => Tensor,
): Tensor[] {
  const results: Tensor[] = [];
  try {
    onBehalfOf(node.layer, () =>
      tidy(() => {
        node.prepare?.();
        // A pullback may hand on a tensor that was there before, such as dy itself: take a second hold of it.
        const firstNewId = engineInternals().nextTensorId();
        const adjoints = node.pullback(dys);
        for (const input of inputs) {
          const dx = requireAdjoint(node, input, adjoints[input.name]?.());
          results.push(dx.id < firstNewId || results.includes(dx) ? alias(dx) : keepTensor(dx));
        }
      }),
    );
  } catch (error) {
    for (const result of results) result.dispose();
    throw error instanceof DifferentiationError ? error : failedPullback(node, error);
  } finally {
    for (const dy of dys) dy.dispose();
  }
  return results;
}

function requireAdjoint(node: TapeNode, input: Step['inputs'][number], dx: Tensor | undefined): Tensor {
  const fits = node.sharesAdjoints === true ? broadcasts : util.arraysEqual;
  if (dx != null && dx.dtype === 'float32' && fits(dx.shape, input.shape)) return dx;
  throw new DifferentiationError(
    describeNode(node),
    `its gradient with respect to input '${input.name}' must be float32 [${input.shape}], ` +
      `but is ${dx == null ? 'missing' : `${dx.dtype} [${dx.shape}]`}`,
    "Correct the gradient the op was registered with, or use method: 'finiteDifference'.",
  );
}

function failedPullback(node: TapeNode, cause: unknown): DifferentiationError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  const error = new DifferentiationError(
    describeNode(node),
    `its gradient failed: ${problem}`,
    "Replace the op in the loss or use method: 'finiteDifference'.",
  );
  error.cause = cause;
  return error;
}

/** Whether `shape` is `whole` but for axes of size 1. */
function broadcasts(shape: readonly number[], whole: readonly number[]): boolean {
  return shape.length === whole.length && shape.every((size, axis) => size === 1 || size === whole[axis]);
}

/** `MaxPool in layer 'pool_1'` */
export function describeNode(node: Pick<TapeNode, 'name' | 'layer'>): string {
  return node.layer == null ? node.name : `${node.name} in layer '${node.layer}'`;
}

function kept(f: () => Tensor): Tensor {
  return keepTensor(tidy(f));
}

function keepTensor(tensor: Tensor): Tensor {
  tensor.kept = true;
  return tensor;
}
