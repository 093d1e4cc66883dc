import { engine } from '@tensorflow/tfjs-core';
import { nodeThreads } from './helper-thread.js';

/**
 * Runs `start` and makes the WASM backend of TensorFlow.js, if it starts meanwhile, do so on memory that threads can share.
 * In a page that is cross-origin isolated it does so by itself, with its threaded binary, which does not start in Node. The
 * plain one with the flag of shared memory set is otherwise the same, and as fast.
 */
export async function withSharedMemory<T>(start: () => Promise<T>): Promise<T> {
  if (nodeThreads() == null) return start();
  const { instantiate } = WebAssembly;
  const sharing = ((source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) =>
    instantiate(
      (source instanceof WebAssembly.Module ? source : share(source)) as BufferSource,
      imports,
    )) as typeof instantiate;
  WebAssembly.instantiate = sharing;
  try {
    return await start();
  } finally {
    if (WebAssembly.instantiate === sharing) WebAssembly.instantiate = instantiate;
  }
}

/** Why the memory of the running backend is not shared, in words that say what to do. */
export function whyNotShared(wasRunning: boolean): string {
  if (nodeThreads() != null) {
    return wasRunning
      ? 'the WASM backend already runs on memory that threads cannot share: ' +
          "call registerWasmTrainingKernels before tf.setBackend('wasm')"
      : 'the WASM backend could not be started on memory that threads can share';
  }
  if (
    typeof SharedArrayBuffer === 'undefined' ||
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false
  ) {
    return 'this page is not cross-origin isolated, so it has no memory that threads can share';
  }
  return 'the WASM backend runs on memory that threads cannot share';
}

/** True where the WASM backend runs or is starting. */
export function isRunning(): boolean {
  const { registry, pendingBackendInit } = engine() as unknown as {
    registry: Record<string, unknown>;
    pendingBackendInit?: Promise<boolean>;
  };
  return 'wasm' in registry || pendingBackendInit != null;
}

const MEMORY_SECTION = 5;
const EXPORT_SECTION = 7;
/** Limits of a memory: a maximum, and that it is shared. */
const [HAS_MAXIMUM, SHARED] = [1, 2];

/** A copy of the binary with its own memory shared, if it is the backend's: the one that exports `register_tensor`. */
function share(source: BufferSource): BufferSource {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  const sections = sectionsOf(bytes);
  const [memory, exported] = [sections.get(MEMORY_SECTION), sections.get(EXPORT_SECTION)];
  if (memory == null || exported == null || !includes(bytes, exported, 'register_tensor')) return source;
  // A count of one memory, then its flags.
  const flags = memory.start + 1;
  if (bytes[memory.start] !== 1 || bytes[flags] !== HAS_MAXIMUM) return source;
  const copy = bytes.slice();
  copy[flags] = HAS_MAXIMUM | SHARED;
  return copy;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where the contents of the sections of a binary lie, by their number (WebAssembly core specification, 5.5.2). */
function sectionsOf(bytes: Uint8Array): Map<number, Range> {
  const sections = new Map<number, Range>();
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++] ?? 0;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    sections.set(id, { start: at, end: at + size });
    at += size;
  }
  return sections;
}

function includes(bytes: Uint8Array, { start, end }: Range, text: string): boolean {
  return new TextDecoder('latin1').decode(bytes.slice(start, end)).includes(text);
}
