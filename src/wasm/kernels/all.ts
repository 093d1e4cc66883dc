import type { TrainingKernel } from '../kernel.js';
import { add, multiply, multiplyNoNan, sub } from './arithmetic.js';
import { blockDots, blockSums } from './block-products.js';
import {
  conv2dBackpropFilter,
  conv2dBackpropInput,
  conv3dBackpropFilter,
  conv3dBackpropInput,
} from './convolution-gradients.js';
import { conv2d, conv3d, fusedConv2d } from './convolution.js';
import {
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  depthwiseConv2d,
  fusedDepthwiseConv2d,
} from './depthwise.js';
import { einsum } from './einsum.js';
import { gather } from './gather.js';
import { cast, identity } from './identity.js';
import { batchMatMul, fusedMatMul } from './mat-mul.js';
import { clipByValue, relu, sigmoidSlope, step, tanh, tanhSlope } from './pointwise.js';
import { avgPool3dGrad, avgPoolGrad, maxPool3dGrad, maxPoolGrad } from './pool-gradients.js';
import { avgPool, avgPool3d, maxPool, maxPool3d, maxPoolWithArgmax } from './pool.js';
import { prelu } from './prelu.js';
import { rowCombination, rowDots } from './row-products.js';
import { concat, slice, splitV, unpack } from './slice.js';
import { sum } from './sum.js';
import { tile } from './tile.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

/** Every kernel that {@link registerWasmTrainingKernels} registers. */
export const trainingKernels: readonly TrainingKernel[] = [
  add,
  avgPool,
  avgPool3d,
  avgPool3dGrad,
  avgPoolGrad,
  batchMatMul,
  blockDots,
  blockSums,
  cast,
  clipByValue,
  concat,
  conv2d,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  conv3d,
  conv3dBackpropFilter,
  conv3dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  depthwiseConv2d,
  einsum,
  fusedConv2d,
  fusedDepthwiseConv2d,
  fusedMatMul,
  gather,
  identity,
  maxPool,
  maxPool3d,
  maxPool3dGrad,
  maxPoolGrad,
  maxPoolWithArgmax,
  multiply,
  multiplyNoNan,
  prelu,
  relu,
  rowCombination,
  rowDots,
  sigmoidSlope,
  slice,
  splitV,
  step,
  sub,
  sum,
  tanh,
  tanhSlope,
  tile,
  unpack,
  unsortedSegmentSum,
];
