import type {
  DataId,
  NamedAttrMap,
  NamedTensorMap,
  Tensor,
  TensorInfo,
  Variable,
} from '@tensorflow/tfjs-core';
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
 * The members of the TensorFlow.js engine (4.22) that this package relies on and its types keep private.
 *
 * Only this folder knows them.
 */
export interface EngineInternals {
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeScope: { name: string } | null;
    scopeStack: readonly { name: string }[];
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

/** Under this name the engine carries the recorder that is in charge of it, also one of another copy of this package. */
export const inCharge: unique symbol = Symbol.for('tfjs-curvature.recorder') as never;

/** Whether a recorder is in charge of the engine, of whichever copy of this package. */
export function isRecorded(): boolean {
  return (engineInternals() as { [inCharge]?: unknown })[inCharge] != null;
}

/** All variables that are alive, by name. */
export function registeredVariables(): Readonly<Record<string, Variable>> {
  return engine().registeredVariables;
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
