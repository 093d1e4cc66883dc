import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import { onesLike } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
// Fills the table that kernels are composed from.
import './compositions/all.js';
import { execute, interceptKernels, requireComputable } from './compositions/run-kernel.js';
import { customGradientName, runCustomGradient } from './custom-gradient.js';
import type { CustomGradientCall, EngineGradients, EngineInternals, KernelCall } from './engine.js';
import { engineInternals, handToScope } from './engine.js';
import { isTransparent } from './gradients/registry.js';
import { kernelNode } from './kernel-node.js';
import { trackLayers } from './layer-names.js';
import type { TapeNode, ValueId } from './tape.js';
import { Sweep } from './tape.js';
import { carriesDerivative, ValueTable } from './value-table.js';

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
export class Recorder {
  readonly nodes: TapeNode[] = [];
  private readonly values = new ValueTable();
  private readonly engine: EngineInternals = engineInternals();
  /** What is running that must not read tracked values on the host: a gradient or a custom gradient's body. */
  private sealed: string | null = null;
  /** While true, operations run without being recorded: what they compute is part of one that is. */
  private paused = false;

  /**
   * Runs `f` with this recorder in charge and gives the engine back as it was.
   *
   * @param sources tensors to differentiate with respect to
   */
  record<T>(sources: readonly Tensor[], f: () => T): T {
    for (const source of sources) this.track(source);
    const { engine } = this;
    const runKernelFunc = engine.runKernelFunc.bind(engine);
    const readSync = engine.readSync.bind(engine);
    const patches: Partial<EngineInternals> = {
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
      gradients: (g, xs, dy, allowNoGradients) => this.gradients(g, xs, dy, allowNoGradients),
      readSync: (dataId) => {
        this.requireReadable(dataId);
        return readSync(dataId);
      },
    };
    // startTape makes tfjs-layers and the fused ops take their differentiable paths.
    engine.startTape();
    Object.assign(engine, patches);
    const untrackLayers = trackLayers();
    const release = interceptKernels((call) => engine.runKernelFunc(call));
    try {
      return f();
    } finally {
      release();
      untrackLayers();
      for (const name of Object.keys(patches)) delete (engine as unknown as Record<string, unknown>)[name];
      engine.endTape();
    }
  }

  /** The identity of a tensor's value on this tape. */
  idOf(tensor: Tensor): ValueId {
    return this.values.idOf(tensor);
  }

  /** Whether a tensor's value depends on a source. */
  isTracked(tensor: Tensor): boolean {
    return this.values.isTracked(tensor);
  }

  /** Adds a source after recording began. */
  track(tensor: Tensor): void {
    this.values.track(tensor);
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
    const value = this.engine.tidy(f);
    const grads = this.engine.tidy(() => this.pullBack(value, xs, dy ?? null));
    if (!allowNoGradients && grads.every((grad) => grad == null)) {
      throw new DifferentiationError(
        'tf.grad inside the loss',
        'its result does not depend on what it is differentiated by',
        'Enclose all operations that lead from x to y in the function given to tf.grad.',
      );
    }
    return { value, grads };
  }

  /** Runs a sweep while recording, with what it computes recorded as the function of its seeds that it is. */
  sweep(sweep: Sweep, seeds: readonly (readonly [ValueId, Tensor])[]): (Tensor | null)[] {
    const adjoints = this.seal('a gradient function', () => sweep.run(seeds, this.values.alias));
    // The engine's scopes own them, as they own what tf.grad returns.
    for (const adjoint of adjoints) if (adjoint != null) handToScope(adjoint);
    return adjoints;
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

  /** Releases every saved value. */
  dispose(): void {
    this.values.dispose();
    this.nodes.length = 0;
  }

  private pullBack(y: Tensor, xs: readonly Tensor[], dy: Tensor | null): (Tensor | null)[] {
    const yId = this.idOf(y);
    const sources = xs.map((x) => ({ id: this.idOf(x), shape: x.shape }));
    const sweep = new Sweep(this.nodes, sources, [yId]);
    return this.sweep(sweep, [[yId, dy ?? onesLike(y)]]);
  }

  private recordKernel(call: KernelCall, run: (call: KernelCall) => Tensor | Tensor[]): Tensor | Tensor[] {
    const outer = this.paused;
    this.paused = true;
    try {
      const result = execute(call, run);
      const outputs = Array.isArray(result) ? result : [result];
      const node = kernelNode(call, outputs, this.values);
      if (node != null) this.append(node, outputs);
      return result;
    } finally {
      this.paused = outer;
    }
  }

  private recordCustomGradient(call: CustomGradientCall): Tensor | Tensor[] {
    const name = customGradientName(this.engine.state.activeScope?.name);
    const inputs = this.values.trackedInputs(call.inputs);
    if (this.paused || inputs == null || isTransparent(name)) {
      return this.engine.tidy(() => call.forwardFunc(null, () => {}));
    }
    const { outputs, node } = runCustomGradient(call, name, inputs, this.values, (body) => {
      const start = this.nodes.length;
      this.seal(name, body);
      return this.nodes.slice(start);
    });
    this.append(node, outputs);
    return outputs.length > 1 ? outputs : outputs[0]!;
  }

  private append(node: TapeNode, outputs: readonly Tensor[]): void {
    this.nodes.push(node);
    for (const output of outputs) if (carriesDerivative(output)) this.track(output);
  }

  /** Runs what must not read tracked values on the host. */
  private seal<T>(name: string, f: () => T): T {
    const outer = this.sealed;
    this.sealed = name;
    try {
      return f();
    } finally {
      this.sealed = outer;
    }
  }

  private requireReadable(dataId: DataId): void {
    if (this.sealed == null || this.engine.state.kernelDepth > 0 || !this.values.isTrackedData(dataId))
      return;
    throw new DifferentiationError(
      this.sealed,
      'it reads the values of a tensor that depends on the variables, which hides the dependence from the second derivative',
      "Write it with TensorFlow.js ops throughout, or use method: 'finiteDifference'.",
    );
  }
}
