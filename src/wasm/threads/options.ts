import { callable, check, type Schema } from '../../options.js';
import { MOST_HELPERS } from './control-block.js';
import type { CreateWorker } from './threads.js';

/** Options of `registerWasmTrainingKernels`. */
export interface WasmKernelOptions {
  /**
   * On how many threads the kernels run, the calling one included, 1 to 64. `'auto'` takes as many as this process may use, at
   * most 8, within a container's share of processor time, and 1 inside a worker thread. Where it is left out, 1, or what an
   * earlier registration that is in force has. Results do not depend on it, to the last bit. More than the processor has
   * cores for is slower.
   */
  readonly threads?: number | 'auto';
  /**
   * Makes a worker that runs the script given, for pages whose Content-Security-Policy keeps workers from being made of blobs:
   * serve the script, which is the same for one version of this package, as a file. Default: a worker made of a blob;
   * in Node a worker thread.
   */
  readonly createWorker?: CreateWorker;
}

const MOST = MOST_HELPERS + 1;

export const wasmKernelOptions = {
  threads: check<number | 'auto'>(
    `an integer {name} from 1 to ${MOST}, or 'auto'`,
    (value) => value === 'auto' || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST),
  ),
  createWorker: callable<CreateWorker>(),
} satisfies Schema<WasmKernelOptions>;
