import * as tf from '@tensorflow/tfjs-core';

/** The heap of tfjs's WASM backend. */
interface WasmHeap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * Makes the WASM backend say when its memory is used up. tfjs itself takes the address 0, which is how an allocation
 * fails, for a place to write to, and goes on with tensors that lie on top of each other.
 */
export function guardWasmMemory(): void {
  const { wasm } = tf.backend() as unknown as { readonly wasm: WasmHeap };
  // Until it is first called, the function is one that puts another in its place.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new RangeError(`out of memory: ${bytes} bytes`);
    return address;
  };
}

/** What went wrong, in words for the visitor. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Engines, too, throw an error of their own words for an array that does not fit into memory.
  if (!/memory|allocation/i.test(message)) return message;
  return 'Out of memory. Take fewer or narrower layers, a smaller batch, or fewer directions.';
}
