import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { copy, slice } from '../kernels/kernel-ops.js';
import type { KernelInputs } from '../kernels/run-kernel.js';
import {
  convolutionAxes,
  leavesWindowsOut,
  poolAxes,
  returnsImage,
  type WindowAxis,
  withExplicitPadding,
} from '../kernels/windows.js';
import type { Correction } from './correction.js';

/* Padding that is spelled out cures both: a stride that steps over cells is one such as 2 for a 1 × 1 filter. */
const why =
  'works out the size of its output once more, without the rounding mode, and reads from the wrong place where a stride ' +
  "steps over whole cells with 'same' padding";

/** Whether the output size depends on how a division is rounded. */
const isRounded = ({ pad, dimRoundingMode }: NamedAttrMap): boolean =>
  dimRoundingMode != null || (typeof pad === 'number' && pad > 0);

/** The backend's own kernel on the part of the image that windows reach, with the padding spelled out. */
function ownOnWindows(
  own: (inputs: KernelInputs, attrs: object) => Tensor,
  inputs: KernelInputs,
  attrs: NamedAttrMap,
  axes: readonly WindowAxis[],
): Tensor {
  if (!axes.some(leavesWindowsOut)) return own(inputs, withExplicitPadding(attrs, axes));
  const reached = axes.map((axis) => ({
    ...axis,
    size: axis.size + Math.min(0, axis.overhang),
    overhang: 0,
  }));
  const x = inputs.x!;
  const size = [x.shape[0]!, ...reached.map((axis) => axis.size), x.shape.at(-1)!];
  const part = slice(x, new Array<number>(x.rank).fill(0), size);
  return own({ ...inputs, x: part }, withExplicitPadding(attrs, reached));
}

function convolution(kernel: string, depthwise: boolean): Correction {
  const axesOf = ({ x, filter }: KernelInputs, attrs: NamedAttrMap): WindowAxis[] =>
    convolutionAxes(x!.shape, filter!.shape, attrs, { depthwise });
  const stepsOverCells = (inputs: KernelInputs, attrs: NamedAttrMap): boolean =>
    attrs.pad === 'same' && axesOf(inputs, attrs).some(({ overhang }) => overhang < 0);
  return {
    kernel,
    backends: ['wasm'],
    when: (inputs, attrs) =>
      attrs.dataFormat !== 'NCHW' && (isRounded(attrs) || stepsOverCells(inputs, attrs)),
    why,
    compute: (inputs, attrs, own) => ownOnWindows(own, inputs, attrs, axesOf(inputs, attrs)),
  };
}

function pooling(kernel: string): Correction {
  return {
    kernel,
    backends: ['wasm'],
    when: (_, attrs) => isRounded(attrs),
    why,
    compute: (inputs, attrs, own) => {
      const { shape } = inputs.x!;
      if (returnsImage(shape, attrs)) return copy(inputs.x!);
      return ownOnWindows(own, inputs, attrs, poolAxes(shape, attrs));
    },
  };
}

export const explicitPaddingCorrections: readonly Correction[] = [
  convolution('Conv2D', false),
  convolution('FusedConv2D', false),
  convolution('DepthwiseConv2dNative', true),
  convolution('FusedDepthwiseConv2D', true),
  pooling('MaxPool'),
  pooling('AvgPool'),
];
