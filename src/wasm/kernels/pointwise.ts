import { ClipByValue, Relu, Step, Tanh, type ClipByValueAttrs, type StepAttrs } from '@tensorflow/tfjs-core';
import { sizeOf } from '../heap.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';

/** `Tanh`, four at a time; stock computes one after the other. */
export const tanh = floatKernel(Tanh, ['x'], (heap, { x }) => {
  const y = heap.output(x.shape);
  heap.functions.tanh(heap.pointer(x), heap.pointer(y), sizeOf(x));
  return y;
});

/** `Relu`, whose stock kernel is as fast on one thread. */
export const relu = floatKernel(Relu, ['x'], (heap, { x }) => {
  const y = heap.output(x.shape);
  heap.functions.relu(heap.pointer(x), heap.pointer(y), sizeOf(x));
  return y;
});

/** `Step`, four at a time; stock takes twice as long. */
export const step = floatKernel(Step, ['x'], (heap, { x }, { alpha }: StepAttrs) => {
  const y = heap.output(x.shape);
  heap.functions.step(heap.pointer(x), heap.pointer(y), sizeOf(x), alpha);
  return y;
});

/** `ClipByValue` that keeps NaN. Stock makes it the lower bound, which hides that a model has diverged. */
export const clipByValue = floatKernel(ClipByValue, ['x'], (heap, { x }, attrs: ClipByValueAttrs) => {
  const y = heap.output(x.shape);
  const { clipValueMin, clipValueMax } = attrs;
  heap.functions.clip(heap.pointer(x), heap.pointer(y), sizeOf(x), clipValueMin, clipValueMax);
  return y;
});

/**
 * height · σ′(steepness · x), the slope of an activation that levels off: a kernel that TensorFlow.js does not have, which the
 * differentiation of this package asks for by name. The value `y` that it is given besides is not needed.
 */
function logisticSlope(kernelName: string, steepness: number, height: number): TrainingKernel {
  return floatKernel(kernelName, ['x'], (heap, { x }) => {
    const slope = heap.output(x.shape);
    heap.functions.logisticSlope(heap.pointer(x), heap.pointer(slope), sizeOf(x), steepness, height);
    return slope;
  });
}

/** σ′(x) */
export const sigmoidSlope = logisticSlope('tfjs-curvature/SigmoidSlope', 1, 1);

/** 1 − tanh² x = 4 σ′(2x) */
export const tanhSlope = logisticSlope('tfjs-curvature/TanhSlope', 2, 4);
