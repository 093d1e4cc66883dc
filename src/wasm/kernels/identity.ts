import { Cast, Identity, type CastAttrs } from '@tensorflow/tfjs-core';
import { sizeOf } from '../heap.js';
import { fourBytes, kernel } from '../kernel.js';

/** `Identity` without a copy: a second handle on the same data, as on cpu. Stock copies. */
export const identity = kernel(Identity, ['x'], (heap, { x }) =>
  x.dtype === 'string' ? null : heap.alias(x, x.shape),
);

/**
 * `Cast` to the type a tensor has already, without a copy, and to `bool`, where stock keeps the low byte of a number
 * instead of asking whether it is 0. Anything else stays with the stock kernel.
 */
export const cast = kernel(Cast, ['x'], (heap, { x }, { dtype }: CastAttrs) => {
  if (dtype === x.dtype && dtype !== 'string') return heap.alias(x, x.shape);
  if (dtype !== 'bool' || !fourBytes(x)) return null;
  const out = heap.output(x.shape, 'bool');
  const size = sizeOf(x);
  const { buffer } = heap.backend.wasm.HEAPU8;
  const View = x.dtype === 'int32' ? Int32Array<ArrayBufferLike> : Float32Array<ArrayBufferLike>;
  const from = new View(buffer, heap.pointer(x), size);
  const to = new Uint8Array(buffer, heap.pointer(out), size);
  for (let i = 0; i < size; i++) to[i] = from[i] === 0 ? 0 : 1;
  return out;
});
