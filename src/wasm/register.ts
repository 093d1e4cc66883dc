import * as tf from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';
import { guardMemory, memoryOf, startBackend, type WasmBackend } from './backend.js';
import { Heap } from './heap.js';
import type { TrainingKernel } from './kernel.js';
import { instantiate } from './module.js';
import { trainingKernels } from './kernels/all.js';

/**
 * Marks a registered kernel as right and fast, so that the differentiation of this package uses it where it would
 * put a stock one together from others. A shared symbol, because neither side imports the other.
 */
const exactKernel: unique symbol = Symbol.for('tfjs-curvature.exact');

/** Kernels of ours in place of others. */
interface Registration {
  readonly backend: WasmBackend;
  readonly isInForce: () => boolean;
  /** Puts back what was there before. Harmless when repeated. */
  readonly undo: () => void;
}

/**
 * Where the engine holds the registration in force or under way, so that a second call, also of another copy of this
 * package, neither stacks kernels nor loses the stock ones.
 */
const slot: unique symbol = Symbol.for('tfjs-curvature.wasmRegistration');

/**
 * Gives tfjs's WASM backend the kernels it lacks for training (filter gradients of convolutions, depthwise gradients,
 * segment sums, einsum), puts fast ones in place of slow ones (matrix products with transposes, convolutions and their
 * input gradients, pooling gradients, reductions over leading axes, gathering, tiling) and right ones in place of wrong
 * ones (pooling of padded windows, of rounded outputs and where a window holds no positive number, fused convolutions,
 * prelu that broadcasts, matrix products with transpose and bias, gathering with batch dimensions). Results agree with
 * tfjs's `cpu` backend to float32 rounding. Opt in: nothing changes until this is called, and only for the backend named
 * `wasm`.
 *
 * Starts the WASM backend if it has not been started; the current backend stays the one it was. Works with tfjs's plain,
 * SIMD and threaded binaries (our kernels run on the calling thread).
 *
 * Memory: a block of scratch on tfjs's heap, at most 32 MiB between kernels, reused and freed by undo. While registered,
 * the backend throws a RangeError when its memory (4 GiB) is used up, where stock tfjs goes on with wrong numbers.
 *
 * @returns a function that restores exactly the kernels that stood there before; call it with no kernel running.
 *   Calling register again while registered, at once or from another copy of this package, returns the same function.
 * @throws CurvatureArgumentError if `@tensorflow/tfjs-backend-wasm` is not imported, or the engine has no WebAssembly SIMD
 *
 * @example
 * import '@tensorflow/tfjs-backend-wasm';
 * import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
 * await tf.setBackend('wasm');
 * const undo = await registerWasmTrainingKernels();
 * await model.fit(xs, ys);
 * undo(); // the stock kernels are back
 */
export async function registerWasmTrainingKernels(): Promise<() => void> {
  const engine = tf.engine() as { [slot]?: Promise<Registration> };
  // One after the other: the second of two calls at once finds what the first has registered.
  const registration = Promise.resolve(engine[slot])
    .catch(() => undefined)
    .then(async (present) => {
      const backend = await startBackend();
      if (present?.backend === backend && present.isInForce()) return present;
      present?.undo();
      return install(backend);
    });
  engine[slot] = registration;
  return (await registration).undo;
}

async function install(backend: WasmBackend): Promise<Registration> {
  const compiled = await instantiate(memoryOf(backend));
  if (compiled == null) {
    throw new CurvatureArgumentError(
      'registerWasmTrainingKernels',
      'an engine with WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or newer)',
      'one without',
    );
  }
  const heap = new Heap(backend, compiled.functions);
  const restore: (() => void)[] = [() => heap.dispose()];
  let isInForce = true;
  const undo = (): void => {
    if (!isInForce) return;
    isInForce = false;
    for (const back of restore.reverse()) back();
  };
  try {
    restore.push(guardMemory(backend));
    for (const kernel of trainingKernels) restore.push(replace(kernel, heap));
  } catch (error) {
    undo();
    throw error;
  }
  return { backend, isInForce: () => isInForce, undo };
}

/** Registers one kernel and returns how to put back what was there. */
function replace(kernel: TrainingKernel, heap: Heap): () => void {
  const { kernelName } = kernel;
  const stock = tf.getKernel(kernelName, 'wasm');
  const missing: tf.KernelFunc = () => {
    throw new Error(`Kernel '${kernelName}' of the wasm backend takes float32 tensors only.`);
  };
  const compute = kernel.create(heap, stock?.kernelFunc ?? missing);
  if (stock != null) tf.unregisterKernel(kernelName, 'wasm');
  const config: tf.KernelConfig & { readonly [exactKernel]: true } = {
    kernelName,
    backendName: 'wasm',
    [exactKernel]: true,
    setupFunc: stock?.setupFunc,
    disposeFunc: stock?.disposeFunc,
    kernelFunc: ({ inputs, attrs, backend }) => {
      if (backend !== heap.backend) {
        throw new Error('The wasm backend was started anew: call registerWasmTrainingKernels again.');
      }
      return compute({ inputs, attrs: attrs ?? {} });
    },
  };
  tf.registerKernel(config);
  return () => {
    // Whoever has replaced it since keeps it.
    if (tf.getKernel(kernelName, 'wasm') !== config) return;
    tf.unregisterKernel(kernelName, 'wasm');
    if (stock != null) tf.registerKernel(stock);
  };
}
