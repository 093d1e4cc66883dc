import { Conv2D, FusedConv2D } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type KernelCall, type TrainingKernel } from '../kernel.js';
import { conv2dGeometry, conv2dInfo, type Conv2DLikeAttrs } from './conv-attributes.js';
import { conv2dForward } from './conv2d-forward.js';
import { applyActivation, type ActivationAttrs } from './activation.js';

/** The geometry of a forward call, or null for a type that stays with the stock kernel. */
function geometryOf(call: KernelCall) {
  const [x, filter] = [input(call, 'x'), input(call, 'filter')];
  if (!allFloat32(x, filter)) return null;
  const info = conv2dInfo(x.shape, filter.shape, attributes<Conv2DLikeAttrs>(call));
  return conv2dGeometry(info);
}

/** `Conv2D`, any stride, padding and dilation, NHWC and (unlike stock) NCHW. */
export const conv2d: TrainingKernel = {
  kernelName: Conv2D,
  create: (heap, stock) => (call) => {
    const geometry = geometryOf(call);
    if (geometry === null) return passOn(stock, heap, call);
    return conv2dForward(heap, input(call, 'x'), input(call, 'filter'), geometry);
  },
};

/** `FusedConv2D`: {@link conv2d}, bias of any shape that broadcasts, activation. */
export const fusedConv2d: TrainingKernel = {
  kernelName: FusedConv2D,
  create: (heap, stock) => (call) => {
    const geometry = geometryOf(call);
    const { bias, preluActivationWeights } = call.inputs;
    if (geometry === null) return passOn(stock, heap, call);
    const y = conv2dForward(heap, input(call, 'x'), input(call, 'filter'), geometry);
    return applyActivation(heap, y, bias, preluActivationWeights, attributes<ActivationAttrs>(call));
  },
};
