import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relaxedSimdBinary, simdBinary } from '../../src/wasm/binaries.js';
import { instantiate } from '../../src/wasm/module.js';

const decode = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Identifiers of the sections of a binary, in order (WebAssembly core specification, 5.5.2). */
function sections(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return ids;
}

describe.each([
  ['SIMD', simdBinary],
  ['relaxed SIMD', relaxedSimdBinary],
])('the binary with %s', (_, binary) => {
  test('places nothing in the memory it imports: no data, no globals, no start function', () => {
    const [globalSection, startSection, dataSection] = [6, 8, 11];
    const ids = sections(decode(binary));
    expect(ids).toContain(10);
    for (const id of [globalSection, startSection, dataSection]) expect(ids).not.toContain(id);
  });

  test('is small enough to carry along', () => expect(decode(binary).length).toBeLessThan(36 << 10));
});

test('the memory is all that is imported', () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(decode(simdBinary)));
  expect(imports).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
});

describe.each([false, true])('with a shared memory: %s', (shared) => {
  test('a small product comes out exactly', async () => {
    // The limits of tfjs's own memories, shared in its threaded binary.
    const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared });
    const compiled = await instantiate(memory);
    if (compiled === null) throw new Error('no SIMD');
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4, 5, 6], 0);
    floats.set([1, 0, 2, 0, 1, 3], 16);
    compiled.functions.gemm(0, 3, 0, 64, 2, 0, 128, 2, 2, 2, 3, 0, 4096);
    expect([...floats.slice(32, 36)]).toEqual([8, 9, 20, 18]);
  });
});

describe('an engine without SIMD', () => {
  const { validate } = WebAssembly;
  beforeAll(() => void (WebAssembly.validate = () => false));
  afterAll(() => void (WebAssembly.validate = validate));

  test('is told by null, before anything is compiled', async () =>
    expect(await instantiate(new WebAssembly.Memory({ initial: 1, maximum: 65536 }))).toBeNull());
});
