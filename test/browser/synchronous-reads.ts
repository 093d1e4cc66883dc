import type { DataId } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

interface DeviceBackend {
  readSync(dataId: DataId): unknown;
  /** Where WebGPU and WebGL keep what they know of a tensor; `values` are its numbers, where the host has them. */
  tensorMap?: Map<DataId, { values: unknown }>;
  texData?: Map<DataId, { values: unknown }>;
}

/**
 * The places from which numbers were read synchronously from a device while `f` ran. Numbers that the host has a
 * copy of do not count. On cpu and wasm all memory is the host's: none.
 */
export async function synchronousReads(f: () => Promise<void>): Promise<string[]> {
  const device = tf.backend() as unknown as DeviceBackend;
  const places: string[] = [];
  const known = tf.getBackend() === 'webgpu' ? device.tensorMap : device.texData;
  if (known == null || tf.getBackend() === 'wasm') {
    await f();
    return places;
  }
  const { readSync } = device;
  device.readSync = (dataId) => {
    if (known.get(dataId)?.values == null) places.push(new Error('synchronous read').stack ?? 'somewhere');
    return readSync.call(device, dataId);
  };
  try {
    await f();
  } finally {
    device.readSync = readSync;
  }
  return places;
}
