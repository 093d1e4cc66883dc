import { backend_util } from '@tensorflow/tfjs-core';

/** How a window moves along one spatial axis of a channels-last tensor. */
export interface WindowAxis {
  /** Cells of the input. */
  readonly size: number;
  /** Windows, which is the size of the output. */
  readonly count: number;
  /** Cells of the window. */
  readonly window: number;
  readonly stride: number;
  /** Distance between the cells of a window. */
  readonly dilation: number;
  /** Padded cells before the first. */
  readonly before: number;
  /** Padded cells after the last, as far as windows reach. */
  readonly after: number;
  /** The same, negative where cells lie behind the last window. */
  readonly overhang: number;
}

/** Attributes of the kernels that move windows, as far as the geometry depends on them. */
interface WindowAttributes {
  strides: number | number[];
  pad: 'valid' | 'same' | number | [number, number][];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dilations?: number | number[] | null;
  /** Of pooling. */
  filterSize: number | number[];
}

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];
/** What TensorFlow.js works out of the attributes, in two and in three dimensions. */
type PlaneInfo = Pick<
  ReturnType<typeof backend_util.computePool2DInfo>,
  'outHeight' | 'outWidth' | 'strideHeight' | 'strideWidth' | 'padInfo'
>;
type VolumeInfo = Pick<
  ReturnType<typeof backend_util.computePool3DInfo>,
  'outDepth' | 'outHeight' | 'outWidth' | 'strideDepth' | 'strideHeight' | 'strideWidth' | 'padInfo'
>;

/** The spatial axes of a channels-last pooling of rank 4 or 5. */
export function poolAxes(xShape: readonly number[], attrs: object): WindowAxis[] {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as WindowAttributes;
  if (xShape.length === 4) {
    const info = backend_util.computePool2DInfo(
      xShape as Shape4D,
      filterSize as [number, number],
      strides as [number, number],
      1,
      pad as 'same',
      dimRoundingMode,
    );
    return planeAxes(xShape, [info.filterHeight, info.filterWidth], info);
  }
  const info = backend_util.computePool3DInfo(
    xShape as Shape5D,
    filterSize as [number, number, number],
    strides as [number, number, number],
    1,
    pad as 'same',
    dimRoundingMode,
  );
  return volumeAxes(xShape, [info.filterDepth, info.filterHeight, info.filterWidth], info);
}

/** The spatial axes of a channels-last convolution of rank 4 or 5. */
export function convolutionAxes(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: object,
  { depthwise = false } = {},
): WindowAxis[] {
  const { strides, pad, dimRoundingMode, dilations: given } = attrs as WindowAttributes;
  // Layers that are not dilated pass null.
  const dilations = given ?? 1;
  if (xShape.length === 4) {
    const info = backend_util.computeConv2DInfo(
      xShape as Shape4D,
      filterShape as Shape4D,
      strides as [number, number],
      dilations as [number, number],
      pad as 'same',
      dimRoundingMode,
      depthwise,
    );
    return planeAxes(xShape, filterShape, info, [info.dilationHeight, info.dilationWidth]);
  }
  const info = backend_util.computeConv3DInfo(
    xShape as Shape5D,
    filterShape as Shape5D,
    strides as [number, number, number],
    dilations as [number, number, number],
    pad as 'same',
  );
  const rates = [info.dilationDepth, info.dilationHeight, info.dilationWidth];
  return volumeAxes(xShape, filterShape, info, rates);
}

/** The spatial axes of a channels-last morphological dilation of rank 4. */
export function dilationAxes(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: object,
): WindowAxis[] {
  const { strides, pad, dilations } = attrs as WindowAttributes;
  const info = backend_util.computeDilation2DInfo(
    xShape as Shape4D,
    filterShape as [number, number, number],
    strides as [number, number],
    pad as 'same',
    'NHWC',
    dilations as [number, number],
  );
  return planeAxes(xShape, filterShape, info, [info.dilationHeight, info.dilationWidth]);
}

function planeAxes(
  xShape: readonly number[],
  windows: readonly number[],
  { outHeight, outWidth, strideHeight, strideWidth, padInfo }: PlaneInfo,
  rates: readonly number[] = [1, 1],
): WindowAxis[] {
  const [, height, width] = xShape as Shape4D;
  return [
    axis(height, outHeight, windows[0]!, strideHeight, padInfo.top, rates[0]!),
    axis(width, outWidth, windows[1]!, strideWidth, padInfo.left, rates[1]!),
  ];
}

function volumeAxes(
  xShape: readonly number[],
  windows: readonly number[],
  { outDepth, outHeight, outWidth, strideDepth, strideHeight, strideWidth, padInfo }: VolumeInfo,
  rates: readonly number[] = [1, 1, 1],
): WindowAxis[] {
  const [, depth, height, width] = xShape as Shape5D;
  return [
    axis(depth, outDepth, windows[0]!, strideDepth, padInfo.front, rates[0]!),
    axis(height, outHeight, windows[1]!, strideHeight, padInfo.top, rates[1]!),
    axis(width, outWidth, windows[2]!, strideWidth, padInfo.left, rates[2]!),
  ];
}

function axis(
  size: number,
  count: number,
  window: number,
  stride: number,
  before: number,
  dilation: number,
): WindowAxis {
  const overhang = (count - 1) * stride + (window - 1) * dilation + 1 - before - size;
  return { size, count, window, stride, dilation, before, after: Math.max(0, overhang), overhang };
}

/** Whether a further window would have its place. */
export function leavesWindowsOut({ overhang, stride }: WindowAxis): boolean {
  return -overhang >= stride;
}

/**
 * Whether pooling returns the image itself: in two dimensions TensorFlow.js's backends do for windows of one cell where the size
 * stays, whatever strides and padding say.
 */
export function returnsImage(xShape: readonly number[], attrs: object): boolean {
  if (xShape.length !== 4) return false;
  return poolAxes(xShape, attrs).every(({ window, count, size }) => window === 1 && count === size);
}

/**
 * Attributes with the padding spelled out, for kernels that take no rounding mode. Two spatial axes. The margin after the last
 * window is negative where TensorFlow.js leaves windows out: with a padding number it takes the width by the stride of the height.
 */
export function withExplicitPadding(attrs: object, axes: readonly WindowAxis[]): object {
  const margins = axes.map((axis): [number, number] => {
    return [axis.before, leavesWindowsOut(axis) ? axis.overhang : axis.after];
  });
  return { ...attrs, pad: [[0, 0], ...margins, [0, 0]], dimRoundingMode: undefined };
}
