import { expect, test } from 'vitest';
import { slicesOfTap } from '../../../../src/wasm/geometry/images.js';

test('one tap of depth connects the slices that it meets inside the volume', () => {
  // Five slices of 40 bytes, padded by one, every second window: output z meets input 2 z + r − 1.
  const depth = { input: 5, output: 3, taps: 3, stride: 2, dilation: 1, pad: 1 };
  const [input, output] = [
    { pointer: 1000, stride: 200 },
    { pointer: 5000, stride: 36 },
  ];
  const connected = (tap: number) =>
    slicesOfTap(depth, tap, input, output).map(([from, to]) => [
      (from.pointer - 1000) / 40,
      (to.pointer - 5000) / 12,
    ]);
  expect(connected(0)).toEqual([
    [1, 1],
    [3, 2],
  ]);
  expect(connected(1)).toEqual([
    [0, 0],
    [2, 1],
    [4, 2],
  ]);
  expect(connected(2)).toEqual([
    [1, 0],
    [3, 1],
  ]);
  // From one volume of the batch to the next it is as far as before.
  for (const [from, to] of slicesOfTap(depth, 1, input, output)) {
    expect([from.stride, to.stride]).toEqual([200, 36]);
  }
});
