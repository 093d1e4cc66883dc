import { ones, Tensor, util } from '@tensorflow/tfjs-core';
import { assignedVariable } from './assigned-variable.js';
// Fills the table that kernels are composed from.
import './compositions/all.js';
import { execute, interceptKernels, requireComputable, withCompositions } from './compositions/run-kernel.js';
import { requireConnection, zerosWhereConstant } from './connection.js';
import { copyOf } from './copies.js';
import { customGradientName, runCustomGradient } from './custom-gradient.js';
import type { CustomGradientCall, EngineGradients, EngineInternals, KernelCall } from './engine.js';
import { aliasTensor, engineInternals, handToScope, patchEngine } from './engine.js';
import { disturbed } from './exact-kernels.js';
import { isTransparent } from './gradients/registry.js';
import { hiddenDependence } from './hidden-dependence.js';
import { HostReads } from './host-reads.js';
import type { Jitter } from './jitter.js';
import { constantNode, kernelNode } from './kernel-node.js';
import { trackLayers } from './layer-names.js';
import { Sweep } from './sweep.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';
import type { Seeds, Sweepable, TapeInCharge } from './tape-in-charge.js';
import { inCharge } from './tape-in-charge.js';
import { ValueTable } from './value-table.js';

/**
 * Records every differentiable operation that is run while it is in charge of the engine, in the order in
 * which the operations ran, which is the order of their dependence.
 *
 * TensorFlow.js's own tape cannot be differentiated a second time: it saves copies of outputs before the
 * node that made them, and hides what a `tf.customGrad` computes inside. This tape knows each saved tensor
 * as the value it is, and looks inside custom gradients. While recording, `tf.grad` and its kin run on this
 * tape too, so a loss may itself contain gradients.
 *
 * Only values that depend on a *source* are recorded.
 */
export class Recorder implements TapeInCharge {
  readonly nodes: TapeNode[] = [];
  private readonly values = new ValueTable((variable, before, now) => {
    this.nodes.push(assignedVariable(variable, before, now));
    this.values.trackId(now);
  });
  private readonly engine: EngineInternals = engineInternals();
  private readonly reads = new HostReads();
  /** While true, operations run without being recorded: what they compute is part of one that is. */
  private paused = false;
  private open = false;

  /**
   * y = f() and the adjoints dy·∂y/∂x of each x, by a tape of its own that is released on the way back. Stands in for
   * `engine.gradients` where nobody records.
   *
   * @returns null for an x that y does not depend on
   */
  static gradients(
    f: () => Tensor,
    xs: readonly Tensor[],
    dy?: Tensor | null,
    allowNoGradients = false,
  ): EngineGradients {
    const recorder = new Recorder();
    try {
      return recorder.engine.tidy(() => {
        const sources = recorder.sourcesOf(xs);
        const { value, nodes } = recorder.record(xs, () => recorder.evaluate(f));
        const yId = recorder.idOf(value);
        const sweep = new Sweep(nodes, sources, [yId]);
        const visited = recorder.values.releaseAlong(sweep.nodes);
        const reached = withCompositions(() => sweep.run([[yId, dy ?? ones(value.shape)]], { visited }));
        for (const adjoint of reached) if (adjoint != null) handToScope(adjoint);
        const grads = zerosWhereConstant(reached, sources, nodes, yId);
        if (!allowNoGradients) requireConnection(grads);
        return { value, grads };
      });
    } finally {
      recorder.dispose();
    }
  }

  /** @param jitter errors for everything that is recorded, to see what rounding does to it */
  constructor(private readonly jitter: Jitter | null = null) {}

  /**
   * Runs `f` with this recorder in charge and gives the engine back as it was.
   *
   * @param sources tensors to differentiate with respect to
   */
  record<T>(sources: readonly Tensor[], f: () => T): T {
    for (const source of sources) this.track(source);
    const { engine } = this;
    const { state } = engine;
    const { gradientDepth, kernelDepth, activeTape } = state;
    // A function may be differentiated inside a kernel, whose operations no tape beneath records.
    state.kernelDepth = 0;
    // startTape makes tfjs-layers and the fused ops take their differentiable paths.
    engine.startTape();
    const unpatch = patchEngine({ ...this.patches(), [inCharge]: this });
    const untrackLayers = trackLayers();
    const release = interceptKernels((call) => engine.runKernelFunc(call));
    this.open = true;
    try {
      return f();
    } finally {
      this.open = false;
      release();
      untrackLayers();
      unpatch();
      Object.assign(state, { gradientDepth, kernelDepth, activeTape });
    }
  }

  get isOpen(): boolean {
    return this.open;
  }

  get isRecording(): boolean {
    return this.open && !this.paused && this.engine.state.kernelDepth === 0;
  }

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
    this.engine.tidy(() => {
      for (const node of nodes) node.prepare?.();
    });
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

  private patches(): Partial<EngineInternals> {
    const { engine } = this;
    const runKernelFunc = engine.runKernelFunc.bind(engine);
    const readSync = engine.readSync.bind(engine);
    return {
      isTapeOn: () => false,
      // The engine's own refuses a kernel that the backend lacks before anyone could put it together.
      runKernel: (kernelName, inputs, attrs) => {
        requireComputable(kernelName);
        return engine.runKernelFunc({ kernelName, inputs, attrs });
      },
      runKernelFunc: (call) => {
        if (engine.state.kernelDepth > 0) return runKernelFunc(call);
        if (!('kernelName' in call)) return this.recordCustomGradient(call);
        return this.paused ? execute(call, runKernelFunc) : this.recordKernel(call, runKernelFunc);
      },
      gradients: (f, xs, dy, allowNoGradients) =>
        this.isRecording
          ? this.gradients(f, xs, dy, allowNoGradients)
          : Recorder.gradients(f, xs, dy, allowNoGradients),
      readSync: (dataId) => {
        if (engine.state.kernelDepth === 0) this.reads.note(this.values.trackedAt(dataId));
        return readSync(dataId);
      },
    };
  }

  private recordKernel(call: KernelCall, run: (call: KernelCall) => Tensor | Tensor[]): Tensor | Tensor[] {
    this.paused = true;
    try {
      const exact = copyOf(call) ?? execute(call, run);
      const result = this.jitter == null ? exact : disturbed(call, exact, this.values, this.jitter);
      const outputs = Array.isArray(result) ? result : [result];
      const node = kernelNode(call, outputs, this.values);
      if (node != null) this.append(node, outputs);
      return result;
    } finally {
      this.paused = false;
    }
  }

  private recordCustomGradient(call: CustomGradientCall): Tensor | Tensor[] {
    const name = customGradientName(this.engine.state.activeScope?.name);
    const inputs = this.values.trackedInputs(call.inputs);
    if (this.paused || inputs == null || isTransparent(name)) {
      return this.engine.tidy(() => call.forwardFunc(null, () => {}));
    }
    const { outputs, node } = runCustomGradient(call, name, inputs, this.values, (body) => {
      const { result: nodes, reads } = this.reads.watch(() => this.nodesOf(body));
      return { nodes, reads };
    });
    this.append(node, outputs);
    return outputs.length > 1 ? outputs : outputs[0]!;
  }

  private append(node: TapeNode, outputs: readonly Tensor[]): void {
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
