import type { backend_util } from '@tensorflow/tfjs-core';

/** A depthwise convolution in numbers; `height` and `width` are of the input with the zeros its windows meet. */
export interface DepthwiseGeometry {
  readonly info: backend_util.Conv2DInfo;
  readonly multiplier: number;
  readonly height: number;
  readonly width: number;
}

export function depthwiseGeometry(info: backend_util.Conv2DInfo): DepthwiseGeometry {
  return {
    info,
    multiplier: info.outChannels / info.inChannels,
    height: (info.outHeight - 1) * info.strideHeight + (info.filterHeight - 1) * info.dilationHeight + 1,
    width: (info.outWidth - 1) * info.strideWidth + (info.filterWidth - 1) * info.dilationWidth + 1,
  };
}

type DepthwiseSteps = [number, number, number, number, number, number, number, number, number];

/** Sizes, taps, strides and dilations in the order the compiled functions take them. */
export function depthwiseSteps({ info }: DepthwiseGeometry): DepthwiseSteps {
  return [
    ...[info.outHeight, info.outWidth, info.outChannels, info.filterHeight, info.filterWidth],
    ...[info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth],
  ] as DepthwiseSteps;
}
