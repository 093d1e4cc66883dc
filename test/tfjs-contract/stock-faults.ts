import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The backends that have corrections: the first two are asked in Node, the others in Chromium. */
export type FaultyBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

/** A call for which a kernel of TensorFlow.js gives the wrong answer. */
export interface StockFault {
  readonly kernel: string;
  readonly backends: readonly FaultyBackend[];
  readonly inputs: () => Record<string, Tensor>;
  readonly attrs?: object;
  /** Which of several outputs is looked at. Default: the first. */
  readonly output?: number;
  /** The right answer. Default: that of cpu. */
  readonly truth?: (inputs: Record<string, Tensor>) => Tensor;
  /** What is done to the output before it is looked at, where the fault shows only then. */
  readonly after?: (output: Tensor) => Tensor;
}

const numbers = (shape: number[], offset = 0): Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(12.9898 * i + 1) + offset),
    shape,
  );
const ints = (values: number[], shape?: number[]): Tensor => tf.tensor(values, shape, 'int32');

const images = { strides: [1, 1], dataFormat: 'NHWC', dilations: [1, 1] };
const volumes = { strides: [2, 1, 1], pad: 'same', dataFormat: 'NDHWC' };
/** Rounded up, the output has a window that hangs over. */
const rounded = { strides: [2, 2], pad: 1, dimRoundingMode: 'ceil' };
const [wasm, cpu, webgpu] = [['wasm'], ['cpu'], ['webgpu']] as const;
const host = [...cpu, ...wasm] as const;
const gpu = ['webgl', 'webgpu'] as const;
const everywhere = [...host, ...gpu] as const;
/** One axis more than kernels of the GPU backends can address. */
const fiveAxes = [2, 1, 2, 1, 3];

/** ∂/∂x of the average over each window of two cells of a row with one cell of padding behind, for ȳ = 1. */
const averageAdjoint = (shape: number[]) => (): Tensor => tf.tensor([0.5, 0.5, 1], shape);

export const stockFaults: readonly StockFault[] = [
  {
    kernel: 'AvgPoolGrad',
    backends: everywhere,
    inputs: () => ({ dy: tf.ones([1, 1, 2, 1]), input: numbers([1, 1, 3, 1]) }),
    attrs: { filterSize: [1, 2], strides: [1, 2], pad: 'same' },
    truth: averageAdjoint([1, 1, 3, 1]),
  },
  {
    kernel: 'AvgPool3DGrad',
    backends: everywhere,
    inputs: () => ({ dy: tf.ones([1, 1, 1, 2, 1]), input: numbers([1, 1, 1, 3, 1]) }),
    attrs: { filterSize: [1, 1, 2], strides: [1, 1, 2], pad: 'same' },
    truth: averageAdjoint([1, 1, 1, 3, 1]),
  },
  {
    kernel: 'Conv3DBackpropInputV2',
    backends: wasm,
    inputs: () => ({ dy: numbers([2, 2, 3, 4, 3]), filter: numbers([2, 2, 3, 2, 3]) }),
    attrs: { ...volumes, inputShape: [2, 4, 3, 4, 2] },
  },
  {
    kernel: 'Conv3DBackpropFilterV2',
    backends: wasm,
    inputs: () => ({ x: numbers([2, 4, 3, 4, 2]), dy: numbers([2, 2, 3, 4, 3]) }),
    attrs: { ...volumes, filterShape: [2, 2, 3, 2, 3] },
  },
  {
    kernel: 'Conv2D',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 6, 5, 2]), filter: numbers([3, 3, 2, 2]) }),
    attrs: { ...images, ...rounded },
  },
  {
    // Other numbers than above: what the kernel leaves out is what lay in memory, which was right by chance.
    kernel: 'FusedConv2D',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 6, 5, 2], 2), filter: numbers([3, 3, 2, 2]) }),
    attrs: { ...images, ...rounded, activation: 'linear' },
  },
  {
    kernel: 'DepthwiseConv2dNative',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 6, 5, 2]), filter: numbers([3, 3, 2, 1]) }),
    attrs: { ...images, ...rounded },
  },
  {
    kernel: 'FusedDepthwiseConv2D',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 6, 5, 2], 2), filter: numbers([3, 3, 2, 1]) }),
    attrs: { ...images, ...rounded, activation: 'linear' },
  },
  {
    kernel: 'MaxPool',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 6, 5, 2]) }),
    attrs: { filterSize: [3, 3], ...rounded },
  },
  {
    kernel: 'AvgPool',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 6, 5, 2]) }),
    attrs: { filterSize: [3, 3], ...rounded },
  },
  {
    kernel: 'GatherV2',
    backends: wasm,
    inputs: () => ({ x: numbers([3, 4, 2]), indices: ints([3, 0, 1, 2, 0, 1], [3, 2]) }),
    attrs: { axis: 1, batchDims: 1 },
  },
  {
    kernel: 'StridedSlice',
    backends: everywhere,
    inputs: () => ({ x: tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 7], [2, 4]) }),
    // x[1, ::2]
    attrs: {
      begin: [1, 0],
      end: [2, 4],
      strides: [1, 2],
      beginMask: 0,
      endMask: 0,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 1,
    },
    truth: () => tf.tensor1d([4, 6]),
  },
  {
    // a, [2, 1, 1, 1], and b, [1, 3, 1, 1]: every pair.
    kernel: 'BatchMatMul',
    backends: everywhere,
    inputs: () => ({ a: tf.tensor4d([2, 3], [2, 1, 1, 1]), b: tf.tensor4d([1, 10, 100], [1, 3, 1, 1]) }),
    attrs: { transposeA: false, transposeB: false },
    truth: () => tf.tensor4d([2, 20, 200, 3, 30, 300], [2, 3, 1, 1]),
  },
  {
    // (1, 10) times the sums of pairs of 1 to 8. The kernel takes its operands as an array.
    kernel: 'Einsum',
    backends: [...cpu, ...gpu],
    inputs: () =>
      [tf.tensor1d([1, 10]), tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])] as unknown as Record<
        string,
        Tensor
      >,
    attrs: { equation: 'i,ijk->ij' },
    truth: () => tf.tensor2d([3, 7, 110, 150], [2, 2]),
  },
  // An axis counted from the end. Of an empty tensor: on wasm others are written to where no tensor lies.
  ...(['Cumsum', 'Cumprod'] as const).flatMap((kernel): StockFault[] => {
    const attrs = { axis: -1, exclusive: false, reverse: false };
    const along = (x: Tensor): Tensor => (kernel === 'Cumsum' ? tf.cumsum(x, 1) : tf.cumprod(x, 1));
    const withShape = (y: Tensor): Tensor =>
      tf.concat([tf.reshape(y, [-1]), tf.tensor1d(y.shape.map((length) => length ?? -1))]);
    return [
      { backends: host, inputs: () => ({ x: tf.zeros([2, 0]) }) },
      { backends: gpu, inputs: () => ({ x: numbers([2, 3]) }) },
    ].map((each) => ({ kernel, attrs, truth: ({ x }) => along(x!), after: withShape, ...each }));
  }),
  {
    kernel: '_FusedMatMul',
    backends: wasm,
    inputs: () => ({ a: numbers([1, 100, 3]), b: numbers([1, 100, 2]), bias: numbers([2]) }),
    attrs: { transposeA: true, transposeB: false, activation: 'linear' },
  },
  {
    kernel: 'MaxPoolGrad',
    backends: wasm,
    inputs: () => ({
      dy: tf.ones([1, 1, 1, 1]),
      input: tf.tensor4d([-4, -3, -2, -1], [1, 2, 2, 1]),
      output: tf.fill([1, 1, 1, 1], -1),
    }),
    attrs: { filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
    truth: () => tf.tensor4d([0, 0, 0, 1], [1, 2, 2, 1]),
  },
  {
    kernel: 'MaxPool3DGrad',
    backends: wasm,
    inputs: () => ({
      dy: tf.ones([1, 1, 1, 1, 1]),
      input: tf.tensor5d([-4, -3, -2, -1], [1, 1, 2, 2, 1]),
      output: tf.fill([1, 1, 1, 1, 1], -1),
    }),
    attrs: { filterSize: [1, 2, 2], strides: [1, 2, 2], pad: 'valid' },
    truth: () => tf.tensor5d([0, 0, 0, 1], [1, 1, 2, 2, 1]),
  },
  {
    // Of equal maxima the first counts.
    kernel: 'MaxPool3DGrad',
    backends: cpu,
    inputs: () => ({
      dy: tf.ones([1, 1, 1, 1, 1]),
      input: tf.ones([1, 1, 2, 2, 1]),
      output: tf.ones([1, 1, 1, 1, 1]),
    }),
    attrs: { filterSize: [1, 2, 2], strides: [1, 2, 2], pad: 'valid' },
    truth: () => tf.tensor5d([1, 0, 0, 0], [1, 1, 2, 2, 1]),
  },
  {
    kernel: 'MaxPoolWithArgmax',
    backends: wasm,
    inputs: () => ({ x: tf.tensor4d([-4, -3, -2, -1], [1, 2, 2, 1]) }),
    attrs: { filterSize: [2, 2], strides: [2, 2], pad: 'valid', includeBatchInIndex: false },
    truth: () => tf.tensor4d([-1], [1, 1, 1, 1]),
  },
  {
    // Statistics along the first axis.
    kernel: 'FusedBatchNorm',
    backends: host,
    inputs: () => ({
      x: tf.tensor4d([1, 2, 3, 4], [2, 1, 1, 2]),
      mean: tf.tensor4d([1, 3], [2, 1, 1, 1]),
      variance: tf.ones([2, 1, 1, 1]),
    }),
    attrs: { varianceEpsilon: 0 },
    truth: () => tf.tensor4d([0, 1, 0, 1], [2, 1, 1, 2]),
  },
  {
    kernel: 'Prelu',
    backends: wasm,
    inputs: () => ({ x: numbers([2, 3], -2), alpha: tf.tensor2d([1, 2], [2, 1]) }),
  },
  {
    // Each pixel twice: its adjoint is the sum over both.
    kernel: 'ResizeBilinearGrad',
    backends: everywhere,
    inputs: () => ({ dy: tf.ones([2, 1, 4, 1]), images: numbers([2, 1, 2, 1]) }),
    attrs: { alignCorners: false, halfPixelCenters: true },
    truth: () => tf.fill([2, 1, 2, 1], 2),
  },
  {
    // Of three pixels the first and the last are taken.
    kernel: 'ResizeNearestNeighborGrad',
    backends: everywhere,
    inputs: () => ({ dy: tf.ones([1, 1, 2, 1]), images: numbers([1, 1, 3, 1]) }),
    attrs: { alignCorners: false, halfPixelCenters: true },
    truth: () => tf.tensor4d([1, 0, 1], [1, 1, 3, 1]),
  },
  {
    kernel: 'MaxPool3D',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 4, 4, 4, 2], -3) }),
    attrs: { filterSize: [2, 3, 2], strides: [2, 1, 2], pad: 'same', dataFormat: 'NDHWC' },
  },
  {
    kernel: 'Dilation2D',
    backends: wasm,
    inputs: () => ({ x: numbers([1, 5, 4, 2], -3), filter: numbers([2, 2, 2]) }),
    attrs: { strides: [1, 1], pad: 'same', dilations: [1, 1] },
  },
  {
    // The input, after the kernel has run.
    kernel: 'TensorScatterUpdate',
    backends: cpu,
    inputs: () => ({ tensor: tf.tensor1d([1, 2]), indices: ints([1], [1, 1]), updates: tf.tensor1d([9]) }),
    truth: ({ tensor }) => tf.clone(tensor!),
  },
  {
    kernel: 'Cast',
    backends: webgpu,
    inputs: () => ({ x: ints([1, 2, 3, 4, 5, 6], [2, 1, 3]) }),
    attrs: { dtype: 'float32' },
    after: (x) => tf.transpose(x, [2, 1, 0]),
  },
  {
    kernel: 'Select',
    backends: gpu,
    inputs: () => ({
      condition: tf.tensor([1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1], fiveAxes, 'bool'),
      t: numbers(fiveAxes),
      e: numbers(fiveAxes, 5),
    }),
  },
  {
    kernel: 'PadV2',
    backends: gpu,
    inputs: () => ({ x: numbers(fiveAxes) }),
    attrs: {
      paddings: [
        [1, 0],
        [0, 0],
        [0, 1],
        [0, 0],
        [1, 1],
      ],
      constantValue: 0.5,
    },
  },
  {
    kernel: 'Reverse',
    backends: webgpu,
    inputs: () => ({ x: numbers(fiveAxes) }),
    attrs: { dims: [0, 2] },
  },
  {
    kernel: 'Prelu',
    backends: webgpu,
    inputs: () => ({ x: numbers(fiveAxes), alpha: tf.tensor1d([1, 2, 3]) }),
  },
  ...['MaxPoolGrad', 'MaxPool3DGrad'].map((kernel): StockFault => {
    const [window, wide] =
      kernel === 'MaxPoolGrad'
        ? [
            [2, 2],
            [1, 2, 2, 1],
          ]
        : [
            [1, 2, 2],
            [1, 1, 2, 2, 1],
          ];
    const narrow = wide.map(() => 1);
    return {
      // Of equal maxima the first counts.
      kernel,
      backends: gpu,
      inputs: () => ({ dy: tf.ones(narrow), input: tf.ones(wide), output: tf.ones(narrow) }),
      attrs: { filterSize: window, strides: window, pad: 'valid' },
      truth: () => tf.tensor([1, 0, 0, 0], wide),
    };
  }),
  {
    kernel: 'MaxPoolWithArgmax',
    backends: gpu,
    inputs: () => ({ x: tf.ones([1, 2, 2, 1]) }),
    attrs: { filterSize: [2, 2], strides: [2, 2], pad: 'valid', includeBatchInIndex: false },
    output: 1,
    truth: () => tf.tensor4d([0], [1, 1, 1, 1]),
  },
  ...[
    'Add',
    'Sub',
    'Multiply',
    'RealDiv',
    'FloorDiv',
    'Maximum',
    'Minimum',
    'Mod',
    'Pow',
    'SquaredDifference',
    'Equal',
    'NotEqual',
    'Greater',
    'GreaterEqual',
    'Less',
    'LessEqual',
    'LogicalAnd',
    'LogicalOr',
  ].map((kernel): StockFault => {
    const dtype = kernel.startsWith('Logical') ? 'bool' : 'float32';
    return {
      kernel,
      backends: webgpu,
      inputs: () => ({
        a: tf.tensor([3, 1, 2, 2, 2, 1, 0, 3, 3, 1, 0, 3], fiveAxes, 'float32').cast(dtype),
        b: tf.tensor1d([2, 1, 3]).cast(dtype),
      }),
    };
  }),
];

/** Kernels that the WASM backend lacks. */
export const missingOnWasm = [
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'UnsortedSegmentSum',
];

/** Kernels that are replaced because they are slow, and only where they are. */
export const onlySlow = ['Conv2DBackpropInput', 'ScatterNd', 'Sum', 'UnsortedSegmentSum'];
