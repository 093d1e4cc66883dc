import type { TrainingKernel } from '../kernel.js';
import { add, multiply, sub } from './arithmetic.js';
import { avgPool3dGrad, avgPoolGrad } from './average-pool-gradients.js';
import { batchMatMul } from './batch-mat-mul.js';
import { clipByValue } from './clip.js';
import { conv2d, fusedConv2d } from './conv2d.js';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './conv2d-backprop-input.js';
import { conv3d, conv3dBackpropFilter, conv3dBackpropInput } from './conv3d.js';
import { depthwiseConv2d, fusedDepthwiseConv2d } from './depthwise.js';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.js';
import { einsum } from './einsum.js';
import { fusedMatMul } from './fused-mat-mul.js';
import { gather } from './gather.js';
import { cast, identity } from './identity.js';
import { maxPool3dGrad, maxPoolGrad } from './max-pool-gradients.js';
import { maxPoolWithArgmax } from './max-pool-with-argmax.js';
import { avgPool, avgPool3d, maxPool, maxPool3d } from './pool.js';
import { prelu } from './prelu.js';
import { rowCombination, rowDots } from './row-products.js';
import { sigmoidSlope, tanhSlope } from './slopes.js';
import { concat, slice, splitV, unpack } from './slice.js';
import { sum } from './sum.js';
import { tanh } from './tanh.js';
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
  prelu,
  rowCombination,
  rowDots,
  sigmoidSlope,
  slice,
  splitV,
  sub,
  sum,
  tanh,
  tanhSlope,
  tile,
  unpack,
  unsortedSegmentSum,
];
