import type { TrainingKernel } from '../kernel.js';
import { batchMatMul } from './batch-mat-mul.js';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './conv2d-backprop-input.js';

/** Every kernel that {@link registerWasmTrainingKernels} registers. */
export const trainingKernels: readonly TrainingKernel[] = [
  batchMatMul,
  conv2dBackpropFilter,
  conv2dBackpropInput,
];
