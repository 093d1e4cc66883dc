import * as tf from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';
import { guardMemory, memoryOf, startBackend, type WasmBackend } from './backend.js';
import { Heap } from './heap.js';
import type { TrainingKernel } from './kernel.js';
import { instantiate } from './module.js';
import { trainingKernels } from './kernels/all.js';
import { readOptions } from '../options.js';
import { wasmKernelOptions, type WasmKernelOptions } from './threads/options.js';
import { isRunning, whyNotShared, withSharedMemory } from './threads/shared-memory.js';
import { automaticThreads } from './threads/thread-count.js';
import { Threads } from './threads/threads.js';
import { warnOfFewer } from './threads/warning.js';

/**
 * Marks a registered kernel as right and fast, so that the differentiation of this package uses it where it would
 * put a stock one together from others. A shared symbol, because neither side imports the other.
 */
const exactKernel: unique symbol = Symbol.for('tfjs-curvature.exact');

/** Puts back exactly the kernels that stood there before, and ends the threads. Call it with no kernel running. */
export interface UndoWasmKernels {
  (): void;
  /** On how many threads the kernels run. */
  readonly threads: number;
  /** Why on fewer than were asked for; null where on as many. */
  readonly reason: string | null;
}

/** Kernels of ours in place of others. */
interface Registration {
  readonly backend: WasmBackend;
  readonly threads: Threads;
  readonly isInForce: () => boolean;
  /** Harmless when repeated. */
  readonly undo: UndoWasmKernels;
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
 * SIMD and threaded binaries.
 *
 * With `threads` the kernels share their work among threads, where there is enough of it; the rest of TensorFlow.js stays on
 * the calling thread. They need memory that threads can share. In Node that is up to this function: call it before
 * anything else starts the backend. A page has it where it is cross-origin isolated. Where there is none, or fewer threads
 * start than asked, the kernels run on those there are, `undo.reason` and one console warning say why.
 * Threads sleep between kernels and keep no program from ending. A thread that dies is noticed, in a page after some 13 s, and
 * its work done by the calling one.
 *
 * Memory: a block of scratch on tfjs's heap, at most 32 MiB between kernels, and another for threads and partial sums, reused
 * and freed by undo. While registered, the backend throws a RangeError when its memory (4 GiB) is used up, where stock tfjs
 * goes on with wrong numbers.
 *
 * @param options see {@link WasmKernelOptions}
 * @returns a function that restores exactly the kernels that stood there before; call it with no kernel running.
 *   Calling register again while registered, at once or from another copy of this package, returns the same function; with
 *   another number of `threads` it changes how many there are.
 * @throws CurvatureArgumentError if `@tensorflow/tfjs-backend-wasm` is not imported, the engine has no WebAssembly SIMD, or an
 *   option is not what it has to be
 *
 * @example
 * import '@tensorflow/tfjs-backend-wasm';
 * import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
 * const undo = await registerWasmTrainingKernels({ threads: 2 });
 * await tf.setBackend('wasm');
 * await model.fit(xs, ys);
 * undo(); // the stock kernels are back
 */
export async function registerWasmTrainingKernels(options: WasmKernelOptions = {}): Promise<UndoWasmKernels> {
  const { threads, createWorker } = readOptions(options, wasmKernelOptions, 'registerWasmTrainingKernels');
  const count = threads === 'auto' ? automaticThreads() : threads;
  const engine = tf.engine() as { [slot]?: Promise<Registration> };
  // One after the other: the second of two calls at once finds what the first has registered.
  const registration = Promise.resolve(engine[slot])
    .catch(() => undefined)
    .then(async (present) => {
      const wasRunning = isRunning();
      const backend = await (count == null || count === 1 ? startBackend() : withSharedMemory(startBackend));
      const stays = present?.backend === backend && present.isInForce();
      if (!stays) present?.undo();
      const current = stays ? present : await install(backend);
      if (count != null) {
        await current.threads.resize(count, createWorker, () => whyNotShared(wasRunning));
        warnOfFewer(current.threads, count);
      }
      return current;
    });
  engine[slot] = registration;
  return (await registration).undo;
}

async function install(backend: WasmBackend): Promise<Registration> {
  const memory = memoryOf(backend);
  const compiled = await instantiate(memory);
  if (compiled == null) {
    throw new CurvatureArgumentError(
      'registerWasmTrainingKernels',
      'an engine with WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or newer)',
      'one without',
    );
  }
  const heap = new Heap(backend, memory, compiled.functions);
  const threads = new Threads(heap, compiled.module, compiled.functions);
  const restore: (() => void)[] = [() => heap.dispose(), () => threads.end()];
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
  return { backend, threads, isInForce: () => isInForce, undo: undoWith(undo, threads) };
}

/** The function with what there is to know of the threads, as it is when asked. */
function undoWith(undo: () => void, threads: Threads): UndoWasmKernels {
  return Object.defineProperties(undo, {
    threads: { get: () => threads.count, enumerable: true },
    reason: { get: () => threads.reason, enumerable: true },
  }) as UndoWasmKernels;
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
      return heap.run(() => compute({ inputs, attrs: attrs ?? {} }));
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
