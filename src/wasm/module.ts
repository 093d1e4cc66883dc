import { relaxedSimdBinary, simdBinary } from './binaries.js';
import type { WasmFunctions } from './functions.js';

/** Which instructions the kernels use: fused multiply-add of relaxed SIMD, or plain SIMD. */
type InstructionSet = 'relaxed-simd' | 'simd';

/**
 * Compiles the kernels against tfjs's own memory, with the best instructions this engine validates. The module has no
 * data, stack or globals: nothing in that memory changes until a function is called.
 *
 * @returns null where the engine has no WebAssembly SIMD
 */
export async function instantiate(
  memory: WebAssembly.Memory,
): Promise<{ module: WebAssembly.Module; functions: WasmFunctions; instructions: InstructionSet } | null> {
  const candidates: [InstructionSet, string][] = [
    ['relaxed-simd', relaxedSimdBinary],
    ['simd', simdBinary],
  ];
  for (const [instructions, base64] of candidates) {
    const bytes = decode(base64);
    if (isShared(memory)) declareShared(bytes);
    if (!WebAssembly.validate(bytes)) continue;
    const { module, instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return { module, functions: instance.exports as unknown as WasmFunctions, instructions };
  }
  return null;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** True for a memory that threads can share. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
}

/** `env`.`memory`, kind memory, limits with a maximum: the bytes of the one import up to its flags. */
const MEMORY_IMPORT = [3, ...bytesOf('env'), 6, ...bytesOf('memory'), 2, 1];

/**
 * Memory that threads share is another type, and an import has to say so. Loads and stores are the same instructions
 * on either, so setting the flag in the import section makes the one binary serve both.
 */
function declareShared(bytes: Uint8Array): void {
  const at = bytes.findIndex((_, i) => MEMORY_IMPORT.every((byte, j) => bytes[i + j] === byte));
  if (at < 0) throw new Error('registerWasmTrainingKernels: the embedded module has no memory import');
  bytes[at + MEMORY_IMPORT.length - 1] = 3;
}

function bytesOf(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
