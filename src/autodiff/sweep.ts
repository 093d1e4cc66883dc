import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy, util } from '@tensorflow/tfjs-core';
import { byDifferences, CurvatureArgumentError, DifferentiationError } from '../errors.js';
import { AdjointTable } from './adjoint-table.js';
import { atOrder } from '../tfjs/derivative-order.js';
import { engineInternals } from '../tfjs/engine.js';
import type { Jitter } from './jitter.js';
import { onBehalfOf } from '../tfjs/layer-names.js';
import { lostResource } from '../tfjs/lost-resource.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';
import { secondReference, tapeInCharge } from './tape-in-charge.js';

/** A node on the way from the variables to the result, with the inputs that lie on that way. */
interface Step {
  readonly node: TapeNode;
  readonly inputs: readonly (TapeValue & { readonly name: string })[];
}

/** See {@link Sweep.run}. */
interface SweepOptions {
  readonly jitter?: Jitter | null;
  readonly visited?: (node: TapeNode) => void;
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
   * @throws DifferentiationError if a node on the way cannot be differentiated
   */
  constructor(
    nodes: readonly TapeNode[],
    readonly sources: readonly TapeValue[],
    results: Iterable<ValueId>,
  ) {
    const fromSources = new Set(sources.map(({ id }) => id));
    const candidates: Step[] = [];
    for (const node of nodes) {
      const inputs: Step['inputs'][number][] = [];
      for (const name of Object.keys(node.inputs)) {
        const { id, shape } = node.inputs[name]!;
        if (fromSources.has(id)) inputs.push({ id, shape, name });
      }
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
    for (const { node, inputs } of steps) {
      for (const { name } of node.refuse == null ? [] : inputs) {
        const refusal = node.refuse!(name);
        if (refusal != null) throw refusal;
      }
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
   * @param options errors for all adjoints on the way, to see what the sweep would change if it rounded more; who is
   *   told of each node whose pullback has run
   * @returns for each source a new tensor, owned by the caller, or null where no path leads to it
   */
  run(
    seeds: Iterable<readonly [ValueId, Tensor]>,
    { jitter = null, visited }: SweepOptions = {},
  ): (Tensor | null)[] {
    const adjoints = new AdjointTable(jitter);
    const results: (Tensor | null)[] = [];
    try {
      for (const [id, seed] of seeds) adjoints.accumulate(id, secondReference(seed));
      const wanted = new Set(this.sources.map(({ id }) => id));
      for (const { node, inputs } of this.steps) {
        const dys = adjoints.take(node.outputs, wanted);
        if (dys != null) give(adjoints, inputs, pullBack(node, inputs, dys));
        visited?.(node);
      }
      for (const source of this.sources) results.push(adjoints.reference(source));
      return results;
    } catch (error) {
      for (const result of results) result?.dispose();
      throw error;
    } finally {
      adjoints.dispose();
    }
  }
}

/** Hands adjoints over to the table. */
function give(adjoints: AdjointTable, inputs: Step['inputs'], dxs: Tensor[]): void {
  let given = 0;
  try {
    for (const { id } of inputs) adjoints.accumulate(id, dxs[given++]!);
  } catch (error) {
    for (const dx of dxs.slice(given)) dx.dispose();
    throw error;
  }
}

/** Runs the pullback of one node. It takes over `dys`; each adjoint returned is owned by the caller alone. */
function pullBack(node: TapeNode, inputs: Step['inputs'], dys: Tensor[]): Tensor[] {
  const results: Tensor[] = [];
  try {
    const tape = tapeInCharge();
    return onBehalfOf(node.layer, () =>
      atOrder(node.order, () =>
        tape == null
          ? collect(node, inputs, dys, results)
          : tape.pullBack(node, () => collect(node, inputs, dys, results)),
      ),
    );
  } catch (error) {
    for (const result of results) result.dispose();
    throw explained(node, error);
  } finally {
    for (const dy of dys) dy.dispose();
  }
}

/** Adds the adjoints of the inputs to `results`, each kept and owned by them alone. */
function collect(node: TapeNode, inputs: Step['inputs'], dys: Tensor[], results: Tensor[]): Tensor[] {
  tidy(() => {
    node.prepare?.();
    // A pullback may hand on a tensor that was there before, such as dy itself: take a second reference to it.
    const firstNewId = engineInternals().nextTensorId();
    const adjoints = node.pullback(dys);
    for (const input of inputs) {
      const dx = requireAdjoint(node, input, adjoints[input.name]?.());
      if (dx.id < firstNewId || results.includes(dx)) results.push(secondReference(dx));
      else {
        dx.kept = true;
        results.push(dx);
      }
    }
  });
  return results;
}

function requireAdjoint(node: TapeNode, input: Step['inputs'][number], dx: Tensor | undefined): Tensor {
  const fits = node.sharesAdjoints === true ? broadcasts : util.arraysEqual;
  if (dx != null && dx.dtype === 'float32' && fits(dx.shape, input.shape)) return dx;
  throw new DifferentiationError(
    node.name,
    `its gradient with respect to input '${input.name}' must be float32 [${input.shape}], ` +
      `but is ${dx == null ? 'missing' : `${dx.dtype} [${dx.shape}]`}`,
    `Correct the gradient the op was registered with, or ${byDifferences}.`,
    { layer: node.layer, order: node.order, sentence: stockSentence(node, input, dx) },
  );
}

/** What TensorFlow.js says of an adjoint that does not fit. */
function stockSentence(node: TapeNode, input: Step['inputs'][number], dx: Tensor | undefined): string {
  const { name, shape } = input;
  if (dx == null) return `Cannot backprop through input ${name}.`;
  const place = `Error in gradient for op ${node.name}. The gradient of input`;
  return dx.dtype === 'float32'
    ? `${place} '${name}' has shape '${dx.shape}', which does not match the shape of the input '${shape}'.`
    : `${place} ${name} must have 'float32' dtype, but has '${dx.dtype}'.`;
}

/** The error to throw for what a pullback threw: the op is not to blame for every failure. */
function explained(node: TapeNode, cause: unknown): unknown {
  if (cause instanceof DifferentiationError || cause instanceof CurvatureArgumentError) return cause;
  const lost = lostResource(cause, node.saved);
  if (lost != null) return lost;
  const problem = cause instanceof Error ? cause.message : String(cause);
  const error = new DifferentiationError(
    node.name,
    `its gradient failed: ${problem}`,
    `Replace the op in the loss, or ${byDifferences}.`,
    { layer: node.layer, order: node.order },
  );
  error.cause = cause;
  return error;
}

/** Whether `shape` is `whole` but for axes of size 1. */
function broadcasts(shape: readonly number[], whole: readonly number[]): boolean {
  return shape.length === whole.length && shape.every((size, axis) => size === 1 || size === whole[axis]);
}
