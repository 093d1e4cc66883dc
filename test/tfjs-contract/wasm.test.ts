import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WasmBackend } from '../../src/wasm/backend.js';
import { memoryOf } from '../../src/wasm/backend.js';
import { useBackend } from '../wasm-backend.js';
import { reliedOn } from './relied-on.js';

let backend: WasmBackend;
beforeAll(async () => {
  await useBackend('wasm');
  backend = tf.backend() as WasmBackend;
});

/** The values that lie at an address. */
const valuesAt = (address: number, count: number): number[] =>
  Array.from(new Float32Array(backend.wasm.HEAPU8.buffer, address, count));

const addressOf = ({ dataId }: TensorInfo): number => backend.dataIdMap.get(dataId).memoryOffset;

it('the WASM backend is of the version of core', async () => {
  const { version_wasm: version } = await import('@tensorflow/tfjs-backend-wasm');
  expect(version).toBe(tf.version_core);
});

describe('the memory', () => {
  reliedOn('wasm/backend.ts', 'is a WebAssembly.Memory, which HEAPU8 shows', () => {
    const memory = memoryOf(backend);
    expect(memory).toBeInstanceOf(WebAssembly.Memory);
    expect(backend.wasm.HEAPU8.buffer).toBe(memory.buffer);
  });

  reliedOn('wasm/heap.ts', 'holds a tensor in a row at dataIdMap.get(dataId).memoryOffset', () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(valuesAt(addressOf(x), 4)).toEqual([1, 2, 3, 4]);
    x.dispose();
  });

  reliedOn('wasm/heap.ts', '_malloc gives a block of its own, _free takes it back', () => {
    const [a, b] = [backend.wasm._malloc(256), backend.wasm._malloc(256)];
    expect(Math.abs(a - b)).toBeGreaterThanOrEqual(256);
    backend.wasm._free(b);
    expect(backend.wasm._malloc(256)).toBe(b);
    backend.wasm._free(b);
    backend.wasm._free(a);
  });

  reliedOn('wasm/backend.ts', '_malloc may be replaced: tensors are allocated by what stands there', () => {
    const { _malloc: own } = backend.wasm;
    const asked: number[] = [];
    backend.wasm._malloc = (bytes) => {
      asked.push(bytes);
      return own(bytes);
    };
    const x = tf.tensor1d([1, 2, 3]);
    x.dataSync();
    expect(asked).toContain(12);
    backend.wasm._malloc = own;
    x.dispose();
  });
});

describe('tensors', () => {
  reliedOn('wasm/heap.ts', 'makeOutput makes one that disposeData takes back', () => {
    const before = backend.numDataIds();
    const output = backend.makeOutput([2, 3], 'float32');
    expect(output).toMatchObject({ shape: [2, 3], dtype: 'float32' });
    expect(addressOf(output)).toBeGreaterThan(0);
    backend.disposeData(output.dataId);
    expect(backend.numDataIds()).toBe(before);
  });

  reliedOn('wasm/heap.ts', 'incRef counts a second handle, which lives on by itself', () => {
    const x = tf.tensor1d([5, 6]);
    backend.incRef(x.dataId);
    expect(backend.disposeData(x.dataId)).toBe(false);
    expect(Array.from(x.dataSync())).toEqual([5, 6]);
    x.dispose();
  });

  reliedOn('tfjs/capabilities.ts', 'of cpu and wasm lie flat: a reshape shares the data', async () => {
    for (const name of ['cpu', 'wasm'] as const) {
      await useBackend(name);
      const x = tf.tensor1d([1, 2]);
      const y = tf.reshape(x, [2, 1]);
      expect(y.dataId).toBe(x.dataId);
      tf.dispose([x, y]);
    }
  });
});

describe('kernels', () => {
  reliedOn(
    'wasm/stock-ops.ts',
    'are called with inputs, attrs and the backend, and answer with a handle',
    () => {
      const { kernelFunc } = tf.getKernel('Square', 'wasm')!;
      const x = tf.tensor1d([2, 3]);
      const y = (kernelFunc as KernelFunc)({ inputs: { x }, attrs: {}, backend }) as TensorInfo;
      expect(valuesAt(addressOf(y), 2)).toEqual([4, 9]);
      backend.disposeData(y.dataId);
      x.dispose();
    },
  );

  reliedOn('wasm/register.ts', 'may be unregistered and registered while the backend runs', () => {
    const stock = tf.getKernel('Square', 'wasm')!;
    let calls = 0;
    tf.unregisterKernel('Square', 'wasm');
    tf.registerKernel({ ...stock, kernelFunc: (call) => (calls++, stock.kernelFunc(call)) });
    tf.tidy(() => void tf.square(tf.scalar(3)));
    tf.unregisterKernel('Square', 'wasm');
    tf.registerKernel(stock);
    expect(calls).toBe(1);
  });
});
