import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { sample } from './compare.js';

let undo: () => void = () => undefined;

beforeEach(() => useBackend('wasm'));
afterEach(() => undo());

const registry = () => new Map(tf.getKernelsForBackend('wasm').map((config) => [config.kernelName, config]));

test('undo restores exactly the configurations that stood there', async () => {
  const before = registry();
  undo = await registerWasmTrainingKernels();
  const during = registry();
  expect(during.get('BatchMatMul')).not.toBe(before.get('BatchMatMul'));
  expect(before.has('Conv2DBackpropFilter')).toBe(false);
  expect(during.has('Conv2DBackpropFilter')).toBe(true);
  undo();
  const after = registry();
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  for (const [name, config] of before) expect(after.get(name), name).toBe(config);
});

test('registering twice gives the same undo, and undo twice does nothing more', async () => {
  const before = registry();
  undo = await registerWasmTrainingKernels();
  const during = registry();
  expect(await registerWasmTrainingKernels()).toBe(undo);
  expect(registry()).toEqual(during);
  undo();
  const again = await registerWasmTrainingKernels();
  undo();
  expect(registry().has('Conv2DBackpropFilter')).toBe(true);
  again();
  expect(registry()).toEqual(before);
});

test('the current backend stays current', async () => {
  await useBackend('cpu');
  undo = await registerWasmTrainingKernels();
  expect(tf.getBackend()).toBe('cpu');
});

test('undo gives the scratch back to the heap', async () => {
  // Emscripten puts its functions in place of stubs at their first call, which would undo ours.
  tf.zeros([1]).dispose();
  const backend = tf.backend() as unknown as { wasm: { _malloc(n: number): number; _free(p: number): void } };
  const { _malloc: malloc, _free: free } = backend.wasm;
  const live = new Set<number>();
  backend.wasm._malloc = (bytes) => {
    const pointer = malloc(bytes);
    live.add(pointer);
    return pointer;
  };
  backend.wasm._free = (pointer) => {
    live.delete(pointer);
    free(pointer);
  };
  try {
    undo = await registerWasmTrainingKernels();
    tf.tidy(() => void tf.matMul(sample([20, 30], 1), sample([20, 30], 2), false, true).dataSync());
    // That of the kernel, and on several threads another.
    expect([1, 2]).toContain(live.size);
    undo();
    expect(live.size).toBe(0);
  } finally {
    backend.wasm._malloc = malloc;
    backend.wasm._free = free;
  }
});

test('a backend that was removed and started anew is registered for anew', async () => {
  await registerWasmTrainingKernels();
  const product = () =>
    tf.tidy(() => [...tf.matMul(tf.ones([2, 3]), tf.ones([4, 3]), false, true).dataSync()]);
  expect(product()).toEqual(new Array(8).fill(3));
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory, 2);
  await useBackend('wasm');
  expect(product).toThrow(/registerWasmTrainingKernels again/);
  undo = await registerWasmTrainingKernels();
  expect(product()).toEqual(new Array(8).fill(3));
});

test('memory that is used up is an error, and no place to write to', async () => {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  tf.zeros([1]).dispose();
  const allocate = wasm._malloc;
  // The last 1000 bytes there are.
  wasm._malloc = (bytes) => (bytes > 1000 ? 0 : allocate(bytes));
  try {
    undo = await registerWasmTrainingKernels();
    const x = tf.ones([8]);
    expect(() => tf.tile(x, [100])).toThrow(/out of memory, 3200 bytes/);
    expect(tf.sum(x).dataSync()[0]).toBe(8);
    undo();
    expect(() => tf.tile(x, [100]).dispose()).not.toThrow();
    x.dispose();
  } finally {
    wasm._malloc = allocate;
  }
});

/** The module again, as another copy of the package beside this one. */
async function anotherCopy(): Promise<typeof registerWasmTrainingKernels> {
  vi.resetModules();
  const copy = await import('../../src/wasm/index.js');
  expect(copy.registerWasmTrainingKernels).not.toBe(registerWasmTrainingKernels);
  return copy.registerWasmTrainingKernels;
}

test('two registrations at once are one, of two copies of the package, too', async () => {
  const before = registry();
  const other = await anotherCopy();
  const undos = await Promise.all([
    registerWasmTrainingKernels(),
    other(),
    registerWasmTrainingKernels(),
    other(),
  ]);
  expect(new Set(undos).size).toBe(1);
  for (const one of undos) one();
  expect(registry()).toEqual(before);
});

test.each(['in the order of registration', 'in reverse'])('two copies undone %s', async (order) => {
  const before = registry();
  const undos = [await registerWasmTrainingKernels(), await (await anotherCopy())()];
  for (const one of order === 'in reverse' ? undos.reverse() : undos) one();
  expect(registry()).toEqual(before);
  undo = await registerWasmTrainingKernels();
  expect(registry().has('Conv2DBackpropFilter')).toBe(true);
});

test('undo leaves alone what someone else has put in place of ours', async () => {
  const before = registry();
  undo = await registerWasmTrainingKernels();
  const theirs = { ...tf.getKernel('Tanh', 'wasm')! };
  tf.unregisterKernel('Tanh', 'wasm');
  tf.registerKernel(theirs);
  undo();
  expect(tf.getKernel('Tanh', 'wasm')).toBe(theirs);
  tf.unregisterKernel('Tanh', 'wasm');
  tf.registerKernel(before.get('Tanh')!);
});

test('a registration that fails leaves the stock kernels, and the next one works', async () => {
  const before = registry();
  const instantiate = vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new Error('no'));
  const compile = vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new Error('no'));
  await expect((await anotherCopy())()).rejects.toThrow();
  instantiate.mockRestore();
  compile.mockRestore();
  expect(registry()).toEqual(before);
  undo = await registerWasmTrainingKernels();
  expect(registry().has('Conv2DBackpropFilter')).toBe(true);
});
