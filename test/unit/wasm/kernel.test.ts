import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import type { Heap } from '../../../src/wasm/heap.js';
import { floatKernel, kernel } from '../../../src/wasm/kernel.js';

const tensor = (dtype: TensorInfo['dtype']): TensorInfo => ({ dataId: {}, shape: [2], dtype });
const [floats, integers, ours, theirs] = [
  tensor('float32'),
  tensor('int32'),
  tensor('float32'),
  tensor('float32'),
];
const heap = { backend: {} } as Heap;

/** What a call returns, and what the stock kernel was handed if it ran. */
function run({ create }: ReturnType<typeof kernel>, inputs: NamedTensorInfoMap) {
  const handed: unknown[] = [];
  const stock: KernelFunc = (call) => {
    handed.push(call);
    return theirs;
  };
  const attrs = { alpha: 3 };
  return { result: create(heap, stock)({ inputs, attrs }), handed, attrs };
}

describe('a kernel of float32', () => {
  const both = floatKernel('Both', ['a', 'b'], (_heap, { a, b, bias }, { alpha }: { alpha: number }) =>
    a === floats && b === floats && alpha === 3 ? [ours, bias ?? theirs] : null,
  );

  test('is handed its inputs by name, those that may be missing too, and its attributes', () => {
    expect(run(both, { a: floats, b: floats, bias: integers })).toMatchObject({ result: [ours, integers] });
    expect(run(both, { a: floats, b: floats }).handed).toEqual([]);
  });

  test.each(['a', 'b'])(
    'leaves the call as it is to the stock kernel where %s is of another type',
    (name) => {
      const inputs = { a: floats, b: floats, [name]: integers };
      const { result, handed, attrs } = run(both, inputs);
      expect(result).toBe(theirs);
      expect(handed).toEqual([{ inputs, attrs, backend: heap.backend }]);
    },
  );

  test('names an input that is missing', () => {
    expect(() => run(both, { a: floats })).toThrow("missing input 'b'");
  });
});

test('a kernel of any type leaves to the stock kernel what it returns null for', () => {
  const some = kernel('Some', ['x'], (_heap, { x }) => (x.dtype === 'int32' ? ours : null));
  expect(run(some, { x: integers }).result).toBe(ours);
  expect(run(some, { x: floats }).result).toBe(theirs);
});
