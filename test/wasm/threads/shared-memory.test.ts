import { afterEach, expect, test, vi } from 'vitest';
import { withSharedMemory } from '../../../src/wasm/threads/shared-memory.js';

afterEach(() => vi.restoreAllMocks());

/** A module whose one memory, of 1 to 2 pages, is exported under a name. */
function moduleThatExports(name: string): Uint8Array<ArrayBuffer> {
  const text = [...name].map((character) => character.charCodeAt(0));
  const memories = [5, 4, 1, 1, 1, 2];
  const exported = [7, text.length + 4, 1, text.length, ...text, 2, 0];
  return Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, ...memories, ...exported]);
}

const bufferOf = async (name: string) => {
  const { instance } = await WebAssembly.instantiate(moduleThatExports(name));
  return (instance.exports[name] as WebAssembly.Memory).buffer;
};

test("the backend's module gets shared memory, another one its own", async () => {
  const [backends, anothers] = await withSharedMemory(() =>
    Promise.all([bufferOf('register_tensor'), bufferOf('memory')]),
  );
  expect(backends).toBeInstanceOf(SharedArrayBuffer);
  expect(anothers).toBeInstanceOf(ArrayBuffer);
});

test('afterwards nothing does, whether the start has succeeded or not', async () => {
  const { instantiate } = WebAssembly;
  await withSharedMemory(() => Promise.resolve());
  expect(WebAssembly.instantiate).toBe(instantiate);
  await expect(withSharedMemory(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(WebAssembly.instantiate).toBe(instantiate);
  expect(await bufferOf('register_tensor')).toBeInstanceOf(ArrayBuffer);
});

test('the bytes handed over stay as they are', async () => {
  const bytes = moduleThatExports('register_tensor');
  const before = bytes.slice();
  await withSharedMemory(() => WebAssembly.instantiate(bytes));
  expect(bytes).toEqual(before);
});
