import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import type { Windows } from './windows.js';

/**
 * A batch of images as [batch, height, width, channels]: the tensor itself under another handle, or a transposed copy of
 * [batch, channels, height, width]. Release it.
 */
export function toChannelsLast(heap: Heap, tensor: TensorInfo, { channelsFirst }: Windows): TensorInfo {
  if (!channelsFirst) return heap.alias(tensor, tensor.shape);
  const [batch = 0, channels = 0, height = 0, width = 0] = tensor.shape;
  const copy = heap.output([batch, height, width, channels], tensor.dtype);
  heap.functions.transpose(heap.pointer(tensor), heap.pointer(copy), channels, height * width, batch);
  return copy;
}

/** The inverse of {@link toChannelsLast}; takes over `tensor`. */
export function fromChannelsLast(heap: Heap, tensor: TensorInfo, { channelsFirst }: Windows): TensorInfo {
  if (!channelsFirst) return tensor;
  const [batch = 0, height = 0, width = 0, channels = 0] = tensor.shape;
  const copy = heap.output([batch, channels, height, width], tensor.dtype);
  heap.functions.transpose(heap.pointer(tensor), heap.pointer(copy), height * width, channels, batch);
  heap.release(tensor);
  return copy;
}
