import { ones, Tensor, util } from '@tensorflow/tfjs-core';
import { assignedVariable } from './assigned-variable.js';
import { requireConnection, zerosWhereConstant } from './connection.js';
import type { EngineGradients, EngineInternals } from '../tfjs/engine.js';
import { aliasTensor, engineInternals, handToScope } from '../tfjs/engine.js';
import { hiddenDependence } from './hidden-dependence.js';
import { HostReads } from './host-reads.js';
import { constantNode } from './kernel-node.js';
import { withCorrections } from '../tfjs/corrections/execute.js';
import { Sweep } from './sweep.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';
import type { Seeds, Sweepable, TapeInCharge } from './tape-in-charge.js';
import { ValueTable } from './value-table.js';

/**
 * The nodes of what was run, in the order in which it ran, with the values between them, and derivatives over them that
 * are recorded themselves. Who fills it is the subclass's matter.
 */
export abstract class ValueTape implements TapeInCharge {
  readonly nodes: TapeNode[] = [];
  protected readonly values = new ValueTable((variable, before, now) => {
    this.nodes.push(assignedVariable(variable, before, now));
    this.values.trackId(now);
  });
  protected readonly engine: EngineInternals = engineInternals();
  protected readonly reads = new HostReads();

  abstract get isOpen(): boolean;
  abstract get isRecording(): boolean;

  /** The identity of a tensor's value on this tape. */
  idOf(tensor: Tensor): ValueId {
    return this.values.idOf(tensor);
  }

  /** The present values of some tensors as sources of a sweep. */
  sourcesOf(tensors: readonly Tensor[]): TapeValue[] {
    return tensors.map((tensor) => ({ id: this.idOf(tensor), shape: tensor.shape }));
  }

  /** Whether a tensor's value depends on a source with a derivative. */
  isTracked(tensor: Tensor): boolean {
    return this.values.isTracked(tensor);
  }

  /** Adds a source after recording began. */
  track(tensor: Tensor): void {
    this.values.track(tensor);
  }

  alias(tensor: Tensor): Tensor {
    return this.values.alias(tensor);
  }

  nodesOf(f: () => void): readonly TapeNode[] {
    const start = this.nodes.length;
    f();
    return this.nodes.slice(start);
  }

  evaluate(f: () => Tensor): { value: Tensor; nodes: readonly TapeNode[] } {
    let value: Tensor;
    const nodes = this.nodesOf(() => {
      value = this.engine.tidy('forward', f);
    });
    util.assert(value! instanceof Tensor, () => 'The result y returned by f() must be a tensor.');
    return { value: value!, nodes };
  }

  /**
   * y = f() and the adjoints dy·∂y/∂x of each x, themselves recorded. Stands in for `engine.gradients`.
   *
   * @returns null for an x that y does not depend on
   */
  gradients(
    f: () => Tensor,
    xs: readonly Tensor[],
    dy?: Tensor | null,
    allowNoGradients = false,
  ): EngineGradients {
    for (const x of xs) this.track(x);
    const sources = this.sourcesOf(xs);
    const { value, nodes } = this.evaluate(f);
    const grads = this.engine.tidy(() => {
      const yId = this.idOf(value);
      const reached = this.sweep(new Sweep(nodes, sources, [yId]), [[yId, dy ?? ones(value.shape)]]);
      const all = zerosWhereConstant(reached, sources, nodes, yId);
      return this.noteConstant(all, [...xs, value, ...(dy == null ? [] : [dy])]);
    });
    if (!allowNoGradients) requireConnection(grads);
    return { value, grads };
  }

  sweep(sweep: Sweepable, seeds: Seeds): (Tensor | null)[] {
    const adjoints = sweep.run(seeds);
    // The engine's scopes own them, as they own what tf.grad returns.
    for (const adjoint of adjoints) if (adjoint != null) handToScope(adjoint);
    return adjoints;
  }

  pullBack(node: TapeNode, compute: () => Tensor[]): Tensor[] {
    if (!this.isRecording) return compute();
    const { result, reads } = this.reads.watch(compute);
    const hidden = [...reads, ...(node.hidden ?? [])];
    if (hidden.length === 0) return result;
    return result.map((dx) => {
      const { boundary, node: hiding } = hiddenDependence(node, dx, hidden, this.values);
      this.append(hiding, [boundary]);
      return boundary;
    });
  }

  /** The nodes of these sweeps stay; what only others saved is released. Ends the recording. */
  retain(...sweeps: Sweep[]): void {
    const nodes = sweeps.flatMap((sweep) => sweep.nodes);
    withCorrections(() =>
      this.engine.tidy(() => {
        for (const node of nodes) node.prepare?.();
      }),
    );
    this.values.retain(nodes);
    this.nodes.length = 0;
  }

  /** The tensors that the tape still holds. */
  get held(): Tensor[] {
    return this.values.held;
  }

  /** Releases every saved value. */
  dispose(): void {
    this.values.dispose();
    this.nodes.length = 0;
  }

  protected append(node: TapeNode, outputs: readonly Tensor[]): void {
    this.nodes.push(node);
    const { inputs } = node;
    const isConstant = Object.keys(inputs).length === 0;
    for (const output of outputs) {
      if (!isConstant && this.values.passes(inputs, output)) this.track(output);
      else this.values.trackConstant(output);
    }
  }

  noteConstant<T extends Tensor | null>(results: readonly T[], on: readonly Tensor[]): (Tensor | T)[] {
    const inputs = Object.fromEntries(on.map((tensor, i) => [i, tensor]));
    return results.map((result) => {
      if (result == null || this.isTracked(result)) return result;
      // A value of its own: what it was made of may be used elsewhere.
      const own = aliasTensor(result);
      handToScope(own);
      const node = constantNode({ kernelName: 'gradient', inputs }, [own], this.values);
      if (node != null) this.append(node, [own]);
      return own;
    });
  }
}
