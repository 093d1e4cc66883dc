import type { DataId, NamedAttrMap, NamedTensorMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { backend, engine, getGradient } from '@tensorflow/tfjs-core';
// Core alone registers no gradients; importing tfjs-layers registers all of them.
import '@tensorflow/tfjs-layers';
import { CurvatureArgumentError } from '../errors.js';
import { lostBackend } from './lost-resource.js';

/** What `engine.runKernelFunc` is called with for a kernel of the registry. */
export interface KernelCall {
  readonly kernelName: string;
  readonly inputs: NamedTensorMap;
  readonly attrs?: NamedAttrMap;
}

/** What `engine.runKernelFunc` is called with for a `tf.customGrad`. */
export interface CustomGradientCall {
  readonly forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor | Tensor[];
  readonly backwardsFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => Record<string, () => Tensor>;
  readonly inputs: NamedTensorMap;
}

/** The result of differentiating inside the engine, as `tf.grad` and its kin expect it. */
export interface EngineGradients {
  readonly value: Tensor;
  readonly grads: (Tensor | null)[];
}

/**
 * The members of the TensorFlow.js engine (4.22) that recording relies on and its types keep private.
 *
 * This is the only file that knows them.
 */
export interface EngineInternals {
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeScope: { name: string } | null;
    activeTape: { readonly saved?: readonly Tensor[] }[] | null;
  };
  runKernel(kernelName: string, inputs: NamedTensorMap, attrs?: NamedAttrMap): Tensor | Tensor[];
  runKernelFunc(call: KernelCall | CustomGradientCall): Tensor | Tensor[];
  isTapeOn(): boolean;
  gradients(f: () => Tensor, xs: Tensor[], dy?: Tensor | null, allowNoGradients?: boolean): EngineGradients;
  readSync(dataId: DataId): unknown;
  makeTensorFromTensorInfo(info: TensorInfo): Tensor;
  nextTensorId(): number;
  track(tensor: Tensor): Tensor;
  clone(tensor: Tensor): Tensor;
  keep(tensor: Tensor): Tensor;
  tidy<T>(f: () => T): T;
  tidy<T>(name: string, f: () => T): T;
  startTape(): void;
}

/** The engine with its private members visible. */
export function engineInternals(): EngineInternals {
  return engine() as unknown as EngineInternals;
}

type Members = Record<PropertyKey, unknown>;

/** What stands in for a member of the engine now; undefined while nothing does. */
interface Replacement {
  value: unknown;
}

/** Under this name the engine carries the replacements of its members, by whichever copy of this package. */
const replacements: unique symbol = Symbol.for('tfjs-curvature.replacements') as never;

/**
 * Replaces members of the engine. They are looked up in a layer that is put between the engine and its class once and
 * for all: TensorFlow.js asks the engine for each kernel, and all that was compiled for an engine is lost with each change
 * of its form.
 *
 * @returns a function that puts back what was there before; to be called in reverse order
 */
export function patchEngine(patches: Partial<EngineInternals> | Record<symbol, unknown>): () => void {
  const members = engine() as unknown as Members;
  const undo: (() => void)[] = [];
  for (const key of Reflect.ownKeys(patches)) {
    // Who replaced a member by an own one is in the way of the layer.
    const isOwn = Object.hasOwn(members, key);
    const target = isOwn ? members : replacementOf(members, key);
    const place = isOwn ? key : 'value';
    const before = target[place];
    target[place] = (patches as Members)[key];
    undo.push(() => {
      target[place] = before;
    });
  }
  return () => {
    for (const restore of undo.reverse()) restore();
  };
}

/** The place of what stands in for a member; made at the first call. */
function replacementOf(members: Members, key: PropertyKey): Members {
  const layer = layerOf(members);
  const all = layer[replacements] as Map<PropertyKey, Replacement>;
  let replacement = all.get(key);
  if (replacement == null) {
    replacement = { value: undefined };
    all.set(key, replacement);
    addMember(layer, key, replacement);
  }
  return replacement as unknown as Members;
}

/** Makes a layer show what stands in for a member, or the member. Who assigns to it makes it an own one, as ever. */
function addMember(layer: Members, key: PropertyKey, replacement: Replacement): void {
  const beneath = Object.getPrototypeOf(layer) as Members;
  Object.defineProperty(layer, key, {
    configurable: true,
    get: () => replacement.value ?? beneath[key],
    set(this: Members, value: unknown) {
      Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
    },
  });
}

/** The layer between the engine and its class; put there at the first call. */
function layerOf(members: Members): Members {
  const beneath = Object.getPrototypeOf(members) as Members;
  if (Object.hasOwn(beneath, replacements)) return beneath;
  const layer = Object.create(beneath, { [replacements]: { value: new Map() } }) as Members;
  Object.setPrototypeOf(members, layer);
  return layer;
}

/**
 * A second tensor over the same memory: nothing is copied, the memory lives until both are disposed.
 *
 * Kept: no `tf.tidy` disposes it, the caller does.
 *
 * @param shape of the second tensor; another one only where values lie in a row
 */
export function aliasTensor(tensor: Tensor, shape: number[] = tensor.shape): Tensor {
  backendOf(tensor).incRef(tensor.dataId);
  const alias = engineInternals().makeTensorFromTensorInfo({
    dataId: tensor.dataId,
    shape,
    dtype: tensor.dtype,
  });
  alias.kept = true;
  return alias;
}

/** Exchanges the memory of two tensors of one shape and type. Nothing is copied, counted or disposed. */
export function exchangeData(a: Tensor, b: Tensor): void {
  [a.dataId, b.dataId] = [b.dataId, a.dataId];
}

/** Gives a kept tensor to the innermost open `tf.tidy`, which disposes it unless it is returned. */
export function handToScope(tensor: Tensor): void {
  tensor.kept = false;
  engineInternals().track(tensor);
}

/** The backend that holds the values of a tensor. */
function backendOf(tensor: Tensor): { incRef(dataId: DataId): void } {
  const state = engine().state as unknown as {
    tensorInfo: WeakMap<DataId, { backend: { incRef(dataId: DataId): void } }>;
  };
  const info = state.tensorInfo.get(tensor.dataId);
  if (info != null) return info.backend;
  throw tensor.isDisposed ? new Error('Tensor is disposed.') : lostBackend();
}

/**
 * Throws unless a backend is ready, tfjs's gradients are registered and TensorFlow.js is not differentiating anything
 * itself. The error names `where`.
 */
export function requireEngine(where: string): void {
  requireGradients(where);
  if (engineInternals().state.gradientDepth > 0) {
    throw new CurvatureArgumentError(
      where,
      'to be called outside of tf.grad, tf.variableGrads and optimizer.minimize',
      'a call from inside a function that TensorFlow.js is differentiating',
    );
  }
}

/** Throws unless a backend is ready and tfjs's gradients are registered. */
export function requireGradients(where: string): void {
  try {
    backend();
  } catch (cause) {
    throw new CurvatureArgumentError(
      where,
      "a ready TensorFlow.js backend (import '@tensorflow/tfjs-backend-wasm' or another, then `await tf.ready()`)",
      cause instanceof Error ? cause.message : String(cause),
    );
  }
  if (getGradient('Sum') == null) {
    throw new CurvatureArgumentError(
      where,
      "TensorFlow.js's gradients to be registered (import '@tensorflow/tfjs-layers' before differentiating)",
      "no gradient for 'Sum'",
    );
  }
}

/**
 * Runs a differentiation by TensorFlow.js's own tape. Where it throws, the engine goes on holding that tape, the tensors
 * saved on it, and those saved for an operation that failed before it came onto the tape: they are disposed.
 */
export function withStockTape<T>(differentiate: () => T): T {
  const engine = engineInternals();
  const [clone, keep] = [engine.clone.bind(engine), engine.keep.bind(engine)];
  let copy: Tensor | null = null;
  const saved: Tensor[] = [];
  const unpatch = patchEngine({
    // The engine alone clones so: tf.clone runs a kernel.
    clone: (tensor) => (copy = clone(tensor)),
    keep: (tensor) => {
      if (tensor === copy) saved.push(tensor);
      return keep(tensor);
    },
  });
  try {
    return differentiate();
  } catch (error) {
    if (engine.state.gradientDepth === 0) {
      for (const tensor of saved) tensor.dispose();
      engine.state.activeTape = null;
    }
    throw error;
  } finally {
    unpatch();
  }
}

/** Disposes the tensors that are saved on TensorFlow.js's own tape. */
export function releaseStockTape(): void {
  const { activeTape } = engineInternals().state;
  for (const { saved } of activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose();
}
