import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';
import { explicitPadding, poolAxes } from '../ops/pool-geometry.js';
import { isStockWasmKernel, type Composition, type KernelInputs } from './composition.js';
import { runKernel } from './run-kernel.js';

/*
 * The WASM kernels of TensorFlow.js 4.22 work out the size of their output once more, without the rounding mode,
 * and fill it in wrongly where the two differ. Padding that is spelled out leaves nothing to round.
 */

/** Whether the output size depends on how a division is rounded. */
const isRounded = ({ pad, dimRoundingMode }: NamedAttrMap): boolean =>
  dimRoundingMode != null || (typeof pad === 'number' && pad > 0);

type Shape4D = [number, number, number, number];

function spelledOut(attrs: NamedAttrMap, pad: [number, number][]): object {
  return { ...attrs, pad, dimRoundingMode: undefined };
}

function convolution(kernel: string, depthwise: boolean): Composition {
  return {
    kernel,
    insteadOf: (_, attrs) => isRounded(attrs) && isStockWasmKernel(kernel),
    compute: (inputs: KernelInputs, attrs) => {
      const [xShape, filterShape] = [inputs.x!.shape as Shape4D, inputs.filter!.shape as Shape4D];
      const { strides, dilations, pad, dimRoundingMode } = attrs as unknown as {
        strides: [number, number];
        dilations: [number, number];
        pad: 'same';
        dimRoundingMode?: 'floor';
      };
      const info = backend_util.computeConv2DInfo(
        xShape,
        filterShape,
        strides,
        dilations,
        pad,
        dimRoundingMode,
        depthwise,
      );
      const { top, left } = info.padInfo;
      const rest = (count: number, stride: number, window: number, before: number, size: number): number =>
        Math.max(0, (count - 1) * stride + window - before - size);
      const bottom = rest(info.outHeight, info.strideHeight, info.effectiveFilterHeight, top, info.inHeight);
      const right = rest(info.outWidth, info.strideWidth, info.effectiveFilterWidth, left, info.inWidth);
      return runKernel(
        kernel,
        inputs,
        spelledOut(attrs, [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]),
      );
    },
  };
}

function pooling(kernel: string): Composition {
  return {
    kernel,
    insteadOf: (_, attrs) => isRounded(attrs) && isStockWasmKernel(kernel),
    compute: (inputs: KernelInputs, attrs) =>
      runKernel(kernel, inputs, spelledOut(attrs, explicitPadding(poolAxes(inputs.x!.shape, attrs)))),
  };
}

export const explicitPaddingCompositions: readonly Composition[] = [
  convolution('Conv2D', false),
  convolution('FusedConv2D', false),
  convolution('DepthwiseConv2dNative', true),
  convolution('FusedDepthwiseConv2D', true),
  pooling('MaxPool'),
  pooling('AvgPool'),
];
