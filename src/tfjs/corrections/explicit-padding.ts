import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';
import { copy } from '../kernels/kernel-ops.js';
import { explicitPadding, poolAxes, returnsImage } from '../kernels/pool-geometry.js';
import { isStockWasmKernel, type Composition, type KernelInputs } from './correction.js';

/*
 * The WASM kernels of TensorFlow.js 4.22 work out the size of their output once more, without the rounding mode,
 * and fill it in wrongly where the two differ. With 'same' padding, a stride that steps over whole cells (a 1 × 1
 * filter with stride 2, say) makes them read from the wrong place. Padding that is spelled out cures both.
 */

/** Whether the output size depends on how a division is rounded. */
const isRounded = ({ pad, dimRoundingMode }: NamedAttrMap): boolean =>
  dimRoundingMode != null || (typeof pad === 'number' && pad > 0);

type Shape4D = [number, number, number, number];
type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

function spelledOut(attrs: NamedAttrMap, pad: [number, number][]): object {
  return { ...attrs, pad, dimRoundingMode: undefined };
}

function geometry({ x, filter }: KernelInputs, attrs: NamedAttrMap, depthwise: boolean): ConvInfo {
  const { strides, dilations, pad, dimRoundingMode } = attrs as unknown as {
    strides: [number, number];
    dilations: [number, number];
    pad: 'same';
    dimRoundingMode?: 'floor';
  };
  return backend_util.computeConv2DInfo(
    x!.shape as Shape4D,
    filter!.shape as Shape4D,
    strides,
    dilations ?? [1, 1],
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/** For rows and columns: the cells before the first window, and those after the input that the last one reaches. */
function margins(info: ConvInfo): { before: number; after: number }[] {
  const { top, left } = info.padInfo;
  const after = (count: number, stride: number, window: number, before: number, size: number): number =>
    (count - 1) * stride + window - before - size;
  return [
    {
      before: top,
      after: after(info.outHeight, info.strideHeight, info.effectiveFilterHeight, top, info.inHeight),
    },
    {
      before: left,
      after: after(info.outWidth, info.strideWidth, info.effectiveFilterWidth, left, info.inWidth),
    },
  ];
}

function stepsOverCells(inputs: KernelInputs, attrs: NamedAttrMap, depthwise: boolean): boolean {
  return attrs.pad === 'same' && margins(geometry(inputs, attrs, depthwise)).some(({ after }) => after < 0);
}

function convolution(kernel: string, depthwise: boolean): Composition {
  return {
    kernel,
    insteadOf: (inputs, attrs) =>
      isStockWasmKernel(kernel) &&
      attrs.dataFormat !== 'NCHW' &&
      (isRounded(attrs) || stepsOverCells(inputs, attrs, depthwise)),
    compute: (inputs, attrs, own) => {
      const [rows, columns] = margins(geometry(inputs, attrs, depthwise)).map(
        ({ before, after }): [number, number] => [before, Math.max(0, after)],
      );
      return own(inputs, spelledOut(attrs, [[0, 0], rows!, columns!, [0, 0]]));
    },
  };
}

function pooling(kernel: string): Composition {
  return {
    kernel,
    insteadOf: (_, attrs) => isRounded(attrs) && isStockWasmKernel(kernel),
    compute: (inputs, attrs, own) => {
      const { shape } = inputs.x!;
      if (returnsImage(shape, attrs)) return copy(inputs.x!);
      return own(inputs, spelledOut(attrs, explicitPadding(poolAxes(shape, attrs))));
    },
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
