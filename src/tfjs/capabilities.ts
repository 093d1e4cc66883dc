import { getBackend } from '@tensorflow/tfjs-core';

/**
 * What a synchronous read costs. `'free'`: values lie in host memory. `'stalling'`: it waits until the device has done
 * all it was given. `'forbidden'`: there is none; WebGPU answers zeros and may lose the device.
 */
export type SynchronousRead = 'free' | 'stalling' | 'forbidden';

/** The one table of what is known of backends. */
const synchronousReads: ReadonlyMap<string, SynchronousRead> = new Map([
  ['cpu', 'free'],
  ['wasm', 'free'],
  ['tensorflow', 'free'],
  ['webgl', 'stalling'],
  ['webgpu', 'forbidden'],
]);

/**
 * What a synchronous read costs on a backend, by default the present one. One that is not in the table counts as one
 * with a device of its own, such as `rn-webgl`: it is read with `await` wherever that is possible.
 */
export function synchronousRead(backend: string = getBackend()): SynchronousRead {
  return synchronousReads.get(backend) ?? 'stalling';
}
