import type { WasmBackend } from './heap.js';

/**
 * Makes tfjs's WASM backend throw when its memory is used up. tfjs itself takes the address 0, by which an allocation
 * says that it has failed, for a place to write to, and goes on with tensors that lie on top of each other.
 *
 * @returns a function that takes the guard away
 */
export function guardMemory({ wasm }: WasmBackend): () => void {
  // Until it is first called, the function is one that puts another in its place.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc;
  const guarded = (bytes: number): number => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) {
      throw new RangeError(`WASM backend: out of memory, ${bytes} bytes could not be allocated`);
    }
    return address;
  };
  wasm._malloc = guarded;
  return () => {
    if (wasm._malloc === guarded) wasm._malloc = allocate;
  };
}
