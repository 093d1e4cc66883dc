import { getBackend } from '@tensorflow/tfjs-core';

/**
 * What a synchronous read costs. `'free'`: values lie in host memory. `'stalling'`: it waits until the device has done
 * all it was given. `'forbidden'`: there is none; WebGPU answers zeros and may lose the device.
 */
export type SynchronousRead = 'free' | 'stalling' | 'forbidden';

/** What is known of a backend. */
export interface Capabilities {
  readonly synchronousRead: SynchronousRead;
  readonly isGpu: boolean;
  /** Whether the values of a tensor lie in a row, whatever its shape: then another shape takes no copy. */
  readonly isFlat: boolean;
  /** Most axes a tensor may have in kernels that address it axis by axis, such as padding and broadcasting. */
  readonly largestRank: number;
  /** Largest whole number that its kernels tell apart from the next, where they count places; Infinity for int32. */
  readonly largestIndex: number;
}

const host: Capabilities = {
  synchronousRead: 'free',
  isGpu: false,
  isFlat: false,
  largestRank: Infinity,
  largestIndex: Infinity,
};

const gpu: Capabilities = { ...host, isGpu: true, largestRank: 4 };

/** A backend that is not in the table, such as `rn-webgl`: it is read with `await` wherever that is possible. */
const unknown: Capabilities = { ...host, synchronousRead: 'stalling' };

/** The one table of what is known of backends. */
const table: ReadonlyMap<string, Capabilities> = new Map([
  ['cpu', { ...host, isFlat: true }],
  ['wasm', { ...host, isFlat: true }],
  ['tensorflow', host],
  // It counts in float32.
  ['webgl', { ...gpu, synchronousRead: 'stalling', largestIndex: 2 ** 24 }],
  ['webgpu', { ...gpu, synchronousRead: 'forbidden' }],
]);

/** What is known of a backend, by default of the present one. */
export function capabilities(backend: string = getBackend()): Capabilities {
  return table.get(backend) ?? unknown;
}

/** What a synchronous read costs on a backend, by default on the present one. */
export function synchronousRead(backend?: string): SynchronousRead {
  return capabilities(backend).synchronousRead;
}
