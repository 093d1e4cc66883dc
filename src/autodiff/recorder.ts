import type { DataId, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { onesLike } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
import type { CustomGradientCall, EngineGradients, EngineInternals, KernelCall } from './engine.js';
import { aliasTensor, engineInternals, handToScope } from './engine.js';
import { execute, interceptKernels } from './compositions/run-kernel.js';
import type { ForwardContext, GradientRule } from './gradient-rule.js';
import { findRule, isTransparent } from './gradients/registry.js';
import { currentLayer, trackLayers } from './layer-names.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';
import { describeNode, Sweep } from './tape.js';

/**
 * Records every differentiable operation that is run while it is in charge of the engine, in the order in
 * which the operations ran, which is the order of their dependence.
 *
 * TensorFlow.js's own tape cannot be differentiated a second time: it saves copies of outputs before the
 * node that made them, and hides what a `tf.customGrad` computes inside. This tape knows each saved tensor
 * as the value it is, and looks inside custom gradients. While recording, `tf.grad` and its kin run on this
 * tape too, so a loss may itself contain gradients.
 *
 * Only values that depend on a *source* are recorded. Values are kept alive by a second hold on their
 * memory, without copying.
 */
export class Recorder {
  readonly nodes: TapeNode[] = [];
  /** One hold of each saved value, shared by the nodes that need it. */
  private readonly holds = new Map<ValueId, Tensor>();
  /** Values that depend on a source. */
  private readonly tracked = new Set<ValueId>();
  private readonly trackedData = new WeakSet<DataId>();
  /** The value that a second hold stands for. */
  private readonly identity = new Map<number, ValueId>();
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
    const runKernel = engine.runKernelFunc.bind(engine);
    const readSync = engine.readSync.bind(engine);
    const patches: Partial<EngineInternals> = {
      isTapeOn: () => false,
      runKernelFunc: (call) => {
        if (engine.state.kernelDepth > 0) return runKernel(call);
        if (!('kernelName' in call)) return this.recordCustomGradient(call);
        return this.paused ? execute(call, runKernel) : this.recordKernel(call, runKernel);
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
    return this.identity.get(tensor.id) ?? tensor.id;
  }

  /** Whether a tensor's value depends on a source. */
  isTracked(tensor: Tensor): boolean {
    return this.tracked.has(this.idOf(tensor));
  }

  /** Adds a source after recording began. */
  track(tensor: Tensor): void {
    this.tracked.add(this.idOf(tensor));
    this.trackedData.add(tensor.dataId);
  }

  /** A second hold of a tensor that counts as the same value. The caller disposes it. */
  readonly alias = (tensor: Tensor): Tensor => {
    const alias = aliasTensor(tensor);
    this.identity.set(alias.id, this.idOf(tensor));
    return alias;
  };

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
  sweep(
    sweep: Sweep,
    seeds: readonly (readonly [ValueId, Tensor])[],
    sources: readonly ValueId[],
  ): (Tensor | null)[] {
    const adjoints = this.seal('a gradient function', () => sweep.run(seeds, sources, this.alias));
    // The engine's scopes own them, as they own what tf.grad returns.
    for (const adjoint of adjoints) if (adjoint != null) handToScope(adjoint);
    return adjoints;
  }

  /** The nodes of these sweeps stay; what only others saved is released. Ends the recording. */
  retain(...sweeps: Sweep[]): void {
    const needed = new Set(sweeps.flatMap((sweep) => sweep.nodes.flatMap((node) => node.saved)));
    for (const [id, hold] of this.holds) {
      if (needed.has(hold)) continue;
      hold.dispose();
      this.holds.delete(id);
    }
    this.nodes.length = 0;
    this.tracked.clear();
    this.identity.clear();
  }

  /** Releases every saved value. */
  dispose(): void {
    for (const hold of this.holds.values()) hold.dispose();
    this.holds.clear();
    this.nodes.length = 0;
  }

  private pullBack(y: Tensor, xs: readonly Tensor[], dy: Tensor | null): (Tensor | null)[] {
    const [yId, xIds] = [this.idOf(y), xs.map((x) => this.idOf(x))];
    const sweep = new Sweep(this.nodes, xIds, [yId]);
    const seed = dy ?? onesLike(y);
    return this.sweep(sweep, [[yId, seed]], xIds);
  }

  private recordKernel(call: KernelCall, run: (call: KernelCall) => Tensor | Tensor[]): Tensor | Tensor[] {
    const result = this.unrecorded(() => execute(call, run));
    const known = findRule(call.kernelName);
    if (known === 'constant') return result;
    const outputs = Array.isArray(result) ? result : [result];
    const inputs = this.trackedInputs(call.inputs, known?.constantInputs);
    if (inputs == null || !outputs.some(carriesDerivative)) return result;
    // Adjoints are real: a way through complex numbers is followed only to say where it began or ended.
    const isComplex = [...Object.values(call.inputs), ...outputs].some((x) => x?.dtype === 'complex64');
    const rule = isComplex ? null : known;
    const node = {
      name: call.kernelName,
      layer: currentLayer(),
      inputs,
      outputs: outputs.map(valueOf),
    };
    if (rule == null) {
      this.append(outputs, {
        ...node,
        saved: [],
        pullback: () => {
          throw noRule(node);
        },
      });
      return result;
    }
    const context = this.save(rule, call, Object.keys(inputs), outputs);
    this.append(outputs, {
      ...node,
      saved: [...Object.values(context.inputs), ...context.outputs, ...context.constants],
      pullback: (dys) => rule.pullback({ ...context, dy: dys[0]!, dys }),
    });
    return result;
  }

  /**
   * Runs the body of a custom gradient with recording on, so that what it saves is known as the function of
   * the inputs it is, and records one node from the inputs to the result with the gradient it brought. The
   * result gets an identity of its own: the first derivative goes through the custom gradient alone.
   */
  private recordCustomGradient({
    forwardFunc,
    backwardsFunc,
    inputs,
  }: CustomGradientCall): Tensor | Tensor[] {
    const scope = this.engine.state.activeScope?.name;
    const name = scope == null || scope === 'unnamed scope' || scope === 'forward' ? 'tf.customGrad' : scope;
    const saved: Tensor[] = [];
    const trackedInputs = this.trackedInputs(inputs);
    if (this.paused || trackedInputs == null || isTransparent(name)) {
      return this.engine.tidy(() => forwardFunc(null, () => {}));
    }
    const body = (): Tensor | Tensor[] =>
      this.engine.tidy(() =>
        forwardFunc(null, (tensors) => saved.push(...tensors.map((tensor) => this.hold(tensor)))),
      );
    const start = this.nodes.length;
    const result = this.seal(name, body);
    const results = Array.isArray(result) ? result : [result];
    this.requireDeclared(name, this.nodes.slice(start), trackedInputs, results);
    const outputs = results.map((output) => {
      const boundary = aliasTensor(output);
      handToScope(boundary);
      return boundary;
    });
    this.append(outputs, {
      name,
      layer: currentLayer(),
      inputs: trackedInputs,
      outputs: outputs.map(valueOf),
      saved,
      pullback: (dys) => backwardsFunc(dys.length > 1 ? dys : dys[0]!, saved),
    });
    return Array.isArray(result) ? outputs : outputs[0]!;
  }

  /**
   * Throws if the body of a custom gradient made its results from a value that depends on a source and is none of its
   * inputs: the gradient it brought cannot hand anything on to that value.
   */
  private requireDeclared(
    name: string,
    body: readonly TapeNode[],
    inputs: Record<string, TapeValue>,
    results: readonly Tensor[],
  ): void {
    const own = new Set(Object.values(inputs).map(({ id }) => id));
    const resultIds = new Set(results.map((result) => this.idOf(result)));
    for (const { outputs } of body) for (const { id } of outputs) own.add(id);
    const strangers = body.flatMap((node) => Object.values(node.inputs).filter(({ id }) => !own.has(id)));
    const direct = results.some((result) => this.isTracked(result) && !own.has(this.idOf(result)));
    const ids = strangers.map(({ id }) => id);
    if (!direct && (ids.length === 0 || new Sweep(body, ids, resultIds).nodes.length === 0)) return;
    throw new DifferentiationError(
      name,
      'its value depends on a tensor that it is not given as an input, so that its gradient leaves that tensor out',
      'Pass every tensor that depends on the variables to the function tf.customGrad returns.',
    );
  }

  private append(outputs: readonly Tensor[], node: TapeNode): void {
    this.nodes.push(node);
    for (const output of outputs) if (carriesDerivative(output)) this.track(output);
  }

  /** The inputs that depend on a source and carry its derivative, by name, without those in `constant`; null if there is none. */
  private trackedInputs(
    inputs: NamedTensorMap,
    constant: readonly string[] = [],
  ): Record<string, TapeValue> | null {
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

  /** What the pullback of a kernel needs, held for as long as the tape. */
  private save(
    rule: GradientRule,
    call: KernelCall,
    trackedInputs: readonly string[],
    outputs: readonly Tensor[],
  ): ForwardContext {
    const { attrs = {} } = call;
    const present = Object.entries(call.inputs).filter(([, x]) => x != null);
    const { saveInputs, constants } = rule;
    const needed =
      saveInputs === 'all'
        ? Object.keys(call.inputs)
        : new Set(saveInputs == null ? [] : trackedInputs.flatMap((name) => neededFor(saveInputs, name)));
    const inputs: Record<string, Tensor> = {};
    for (const name of needed) if (call.inputs[name] != null) inputs[name] = this.hold(call.inputs[name]);
    return {
      inputs,
      outputs: outputs.filter((_, i) => rule.saveOutputs?.[i]).map((output) => this.hold(output)),
      constants: constants == null ? [] : this.saveConstants(() => constants(call.inputs, outputs, attrs)),
      attrs,
      shapes: Object.fromEntries(present.map(([name, x]) => [name, x.shape])),
    };
  }

  private saveConstants(compute: () => Tensor[]): Tensor[] {
    return this.unrecorded(() => this.engine.tidy(() => compute().map((tensor) => this.hold(tensor))));
  }

  private unrecorded<T>(f: () => T): T {
    const outer = this.paused;
    this.paused = true;
    try {
      return f();
    } finally {
      this.paused = outer;
    }
  }

  private hold(tensor: Tensor): Tensor {
    const id = this.idOf(tensor);
    const present = this.holds.get(id);
    if (present != null) return present;
    const hold = this.alias(tensor);
    this.holds.set(id, hold);
    return hold;
  }

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
    if (this.sealed == null || this.engine.state.kernelDepth > 0 || !this.trackedData.has(dataId)) return;
    throw new DifferentiationError(
      this.sealed,
      'it reads the values of a tensor that depends on the variables, which hides the dependence from the second derivative',
      "Write it with TensorFlow.js ops throughout, or use method: 'finiteDifference'.",
    );
  }
}

function noRule(node: Pick<TapeNode, 'name' | 'layer'>): DifferentiationError {
  return new DifferentiationError(
    describeNode(node),
    'no gradient is known for this op, so the loss cannot be differentiated through it',
    "Replace it by differentiable ops, register one with tf.registerGradient, or use method: 'finiteDifference' " +
      'if only its second derivative is missing.',
  );
}

/** Whole numbers, truth values and strings are piecewise constant. */
function carriesDerivative({ dtype }: Tensor): boolean {
  return dtype === 'float32' || dtype === 'complex64';
}

function isList(names: object): names is readonly string[] {
  return Array.isArray(names);
}

function neededFor(saveInputs: Exclude<GradientRule['saveInputs'], 'all' | undefined>, name: string) {
  return isList(saveInputs) ? saveInputs : (saveInputs[name] ?? []);
}

function valueOf(tensor: Tensor): TapeValue {
  return { id: tensor.id, shape: tensor.shape };
}
