import type { Tensor } from '@tensorflow/tfjs-core';
import { ones } from '@tensorflow/tfjs-core';
import { execute, explainingAbsence, withCorrections } from '../tfjs/corrections/execute.js';
import { interceptKernels } from '../tfjs/kernels/run-kernel.js';
import { requireConnection, zerosWhereConstant } from './connection.js';
import { copyOf } from '../tfjs/kernels/copies.js';
import { customGradientName, runCustomGradient } from './custom-gradient.js';
import type { CustomGradientCall, EngineGradients, EngineInternals, KernelCall } from '../tfjs/engine.js';
import { handToScope, inCharge } from '../tfjs/engine.js';
import { releaseStockTape } from '../tfjs/stock-tape-release.js';
import { announceLayers, patchEngine } from '../tfjs/patches.js';
import { disturbed } from './exact-kernels.js';
import { isTransparent, isWholeOp } from './rules/registry.js';
import type { Jitter } from './jitter.js';
import { kernelNode } from './kernel-node.js';
import type { StockGradients, StockTape } from './stock-tape.js';
import { Sweep } from './sweep.js';
import type { TapeNode, TapeValue } from './tape.js';
import { ValueTape } from './value-tape.js';

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
export class Recorder extends ValueTape {
  /** While true, operations run without being recorded: what they compute is part of one that is. */
  private paused = false;
  private open = false;

  /**
   * y = f() and the adjoints dy·∂y/∂x of each x, by a tape of its own that is released on the way back. Stands in for
   * `engine.gradients` where nobody records.
   *
   * @param stock TensorFlow.js's own tape, which goes first where it is right
   * @returns null for an x that y does not depend on
   */
  static gradients(
    f: () => Tensor,
    xs: readonly Tensor[],
    dy?: Tensor | null,
    allowNoGradients = false,
    stock: StockGradients | null = null,
  ): EngineGradients {
    const recorder = new Recorder({ stock: stock?.tape });
    try {
      return recorder.engine.tidy(() => {
        const sources = recorder.sourcesOf(xs);
        const { value, nodes, trusted } = recorder.record(xs, () => {
          const evaluation = recorder.evaluate(f);
          return { ...evaluation, trusted: stock && recorder.ask(stock, evaluation, sources) };
        });
        if (trusted != null) return trusted;
        const yId = recorder.idOf(value);
        const sweep = new Sweep(nodes, sources, [yId]);
        const visited = recorder.values.releaseAlong(sweep.nodes);
        const reached = withCorrections(() => sweep.run([[yId, dy ?? ones(value.shape)]], { visited }));
        for (const adjoint of reached) if (adjoint != null) handToScope(adjoint);
        const grads = zerosWhereConstant(reached, sources, nodes, yId);
        if (!allowNoGradients) requireConnection(grads);
        return { value, grads };
      });
    } finally {
      recorder.dispose();
    }
  }

  private readonly jitter: Jitter | null;
  private readonly stock: StockTape | null;

  /**
   * @param options errors for everything that is recorded, to see what rounding does to it; TensorFlow.js's own tape, if
   *   it is to be filled as well
   */
  constructor({ jitter = null, stock = null }: { jitter?: Jitter | null; stock?: StockTape | null } = {}) {
    super();
    this.jitter = jitter;
    this.stock = stock;
  }

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
    const silenceLayers = announceLayers();
    const release = interceptKernels((call) => engine.runKernelFunc(call));
    this.open = true;
    try {
      return f();
    } finally {
      this.open = false;
      if (this.stock != null) releaseStockTape();
      release();
      silenceLayers();
      unpatch();
      Object.assign(state, { gradientDepth, kernelDepth, activeTape });
    }
  }

  override get isOpen(): boolean {
    return this.open;
  }

  override get isRecording(): boolean {
    return this.open && !this.paused && this.engine.state.kernelDepth === 0;
  }

  private patches(): Partial<EngineInternals> {
    const { engine } = this;
    const runKernelFunc = engine.runKernelFunc.bind(engine);
    const readSync = engine.readSync.bind(engine);
    return {
      isTapeOn: () => this.stock?.isOn === true && engine.state.kernelDepth === 0,
      // The engine's own refuses a kernel that the backend lacks before anyone could put it together.
      runKernel: (kernelName, inputs, attrs) =>
        explainingAbsence(kernelName, () => engine.runKernelFunc({ kernelName, inputs, attrs })),
      runKernelFunc: (call) => {
        if (engine.state.kernelDepth > 0) return runKernelFunc(call);
        if (this.stock?.isSweeping === true) return this.stock.sweep(call, runKernelFunc);
        if (!('kernelName' in call)) {
          return this.stock?.isOn === true
            ? this.recordTwice(call, runKernelFunc)
            : this.recordCustomGradient(call);
        }
        return this.paused ? execute(call, runKernelFunc) : this.recordKernel(call, runKernelFunc);
      },
      gradients: (f, xs, dy, allowNoGradients) => {
        this.stock?.distrust();
        return this.isRecording
          ? this.gradients(f, xs, dy, allowNoGradients)
          : Recorder.gradients(f, xs, dy, allowNoGradients);
      },
      readSync: (dataId) => {
        if (engine.state.kernelDepth === 0) this.reads.note(this.values.trackedAt(dataId));
        return readSync(dataId);
      },
    };
  }

  private recordKernel(call: KernelCall, run: (call: KernelCall) => Tensor | Tensor[]): Tensor | Tensor[] {
    return this.recordAs(call, () => this.stock?.run(call, run) ?? copyOf(call) ?? execute(call, run));
  }

  /** Runs what is one node, whatever it runs itself. */
  private recordAs(call: KernelCall, compute: () => Tensor | Tensor[]): Tensor | Tensor[] {
    this.paused = true;
    try {
      const exact = compute();
      const result = this.jitter == null ? exact : disturbed(call, exact, this.values, this.jitter);
      const outputs = Array.isArray(result) ? result : [result];
      // Its tape holds what it needs of a call that ours may never be asked about.
      const unseen = this.stock?.isOn === true ? this.unseen : null;
      const node = this.besideStock(() => kernelNode(call, outputs, this.values, unseen));
      if (node != null) {
        this.append(node, outputs);
        this.stock?.note(call, outputs, this.reference, node);
      }
      return result;
    } finally {
      this.paused = false;
    }
  }

  private recordCustomGradient(call: CustomGradientCall, name = this.scopeName()): Tensor | Tensor[] {
    const inputs = this.values.trackedInputs(call.inputs);
    if (!this.paused && inputs != null && isWholeOp(name)) {
      return this.recordAs({ kernelName: name, inputs: call.inputs }, () => this.runBody(call));
    }
    if (this.paused || inputs == null || isTransparent(name)) {
      return this.runBody(call);
    }
    const { outputs, node } = runCustomGradient(call, name, inputs, this.values, (body) => {
      const { result: nodes, reads } = this.reads.watch(() => this.besideStock(() => this.nodesOf(body)));
      return { nodes, reads };
    });
    this.append(node, outputs);
    return outputs.length > 1 ? outputs : outputs[0]!;
  }

  private runBody(call: CustomGradientCall): Tensor | Tensor[] {
    return this.besideStock(() => this.engine.tidy(() => call.forwardFunc(null, () => {})));
  }

  /** Runs the body of a custom gradient once, for both tapes. */
  private recordTwice(
    call: CustomGradientCall,
    run: (call: CustomGradientCall) => Tensor | Tensor[],
  ): Tensor | Tensor[] {
    const { state } = this.engine;
    const name = this.scopeName();
    return run({
      ...call,
      forwardFunc: (backend, save) => {
        const { kernelDepth } = state;
        state.kernelDepth = 0;
        const forwardFunc: CustomGradientCall['forwardFunc'] = (_, ownSave) =>
          call.forwardFunc(backend, (tensors) => {
            ownSave(tensors);
            save(tensors);
          });
        try {
          return this.recordCustomGradient({ ...call, forwardFunc }, name);
        } finally {
          state.kernelDepth = kernelDepth;
        }
      },
    });
  }

  private scopeName(): string {
    return customGradientName(this.engine.state.activeScope?.name);
  }

  private readonly reference = (tensor: Tensor): Tensor => this.values.reference(tensor);

  private readonly unseen = <T>(f: () => T): T => {
    const outer = this.paused;
    this.paused = true;
    try {
      return this.besideStock(f);
    } finally {
      this.paused = outer;
    }
  };

  private besideStock<T>(f: () => T): T {
    return this.stock == null ? f() : this.stock.aside(f);
  }

  /** The gradient of TensorFlow.js's own tape, where it is right. */
  private ask(
    { tape, gradients }: StockGradients,
    { value, nodes }: { value: Tensor; nodes: readonly TapeNode[] },
    sources: readonly TapeValue[],
  ): EngineGradients | null {
    const y = this.idOf(value);
    this.paused = true;
    try {
      return tape.gradients({ nodes, sources, y }, () => gradients(value));
    } finally {
      this.paused = false;
    }
  }
}
