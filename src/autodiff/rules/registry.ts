import { getGradient } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { KernelTable } from '../../tfjs/kernels/kernel-table.js';
import { arithmeticRules } from './arithmetic.js';
import { averagePoolingRules } from './average-pooling.js';
import { convolutionRules } from './convolution.js';
import { cumulationRules } from './cumulation.js';
import { einsumRules } from './einsum.js';
import { elementaryFunctionRules } from './elementary-functions.js';
import { eluRules } from './elu.js';
import { fusedConvolutionRules } from './fused-convolution.js';
import { indexingRules } from './indexing.js';
import { joiningRules } from './joining.js';
import { matrixProductRules } from './matrix-product.js';
import { maxPoolingRules } from './max-pooling.js';
import { mirrorPadRules } from './mirror-pad.js';
import { morphologyRules } from './morphology.js';
import { normalisationRules } from './normalisation.js';
import { overwritingRules } from './overwriting.js';
import { rearrangementRules } from './rearrangement.js';
import { rectifierRules } from './rectifiers.js';
import { reductionRules } from './reductions.js';
import { resizingRules } from './resizing.js';
import { softmaxRules } from './softmax.js';
import { sparseSegmentRules } from './sparse-segments.js';
import { stridedSliceRules } from './strided-slice.js';
import { wholeOpRules } from './whole-ops.js';

/** Kernels whose float32 output is piecewise constant: a path through them carries no derivative. */
const constantKernels = new Set([
  'Ceil',
  'Floor',
  'FloorDiv',
  'OnesLike',
  'Round',
  'Sign',
  'Step',
  'ZerosLike',
]);

/**
 * Custom gradients of TensorFlow.js itself whose body consists of kernels with rules. They are differentiated as
 * what they compute, twice, rather than by the gradient they bring (which refuses dilation).
 */
const transparentCustomGradients = new Set([
  'fusedConv2d__op',
  'fusedDepthwiseConv2d__op',
  'fusedMatMul__op',
  'logSigmoid__op',
]);

const rules = new KernelTable<GradientRule>(
  'rule',
  ...arithmeticRules,
  ...averagePoolingRules,
  ...convolutionRules,
  ...cumulationRules,
  ...einsumRules,
  ...elementaryFunctionRules,
  ...eluRules,
  ...fusedConvolutionRules,
  ...indexingRules,
  ...joiningRules,
  ...matrixProductRules,
  ...maxPoolingRules,
  ...mirrorPadRules,
  ...morphologyRules,
  ...normalisationRules,
  ...overwritingRules,
  ...rearrangementRules,
  ...rectifierRules,
  ...reductionRules,
  ...resizingRules,
  ...softmaxRules,
  ...sparseSegmentRules,
  ...stridedSliceRules,
);

/** Whether a kernel is differentiated by a rule of ours. */
export function hasOwnRule(kernel: string): boolean {
  return rules.find(kernel) != null;
}

const wholeOps = new KernelTable<GradientRule>('rule', ...wholeOpRules);

/** Whether a `tf.customGrad` of this name is differentiated as a kernel is, by a rule of ours. */
export function isWholeOp(customGradient: string): boolean {
  return wholeOps.find(customGradient) != null;
}

/** Whether to differentiate what a `tf.customGrad` of this name computes instead of using the gradient it brings. */
export function isTransparent(customGradient: string): boolean {
  return transparentCustomGradients.has(customGradient);
}

/**
 * The gradient of a kernel: ours where TensorFlow.js has none, a wrong one or one that cannot be
 * differentiated again; else the one registered with TensorFlow.js, by itself or by the user.
 *
 * @returns `'constant'` if the derivative is zero wherever it exists, null if no gradient is known
 */
export function findRule(kernel: string): GradientRule | 'constant' | null {
  if (constantKernels.has(kernel)) return 'constant';
  const own = rules.find(kernel) ?? wholeOps.find(kernel);
  if (own != null) return own;
  const stock = getGradient(kernel);
  if (stock == null) return null;
  const { inputsToSave = [], saveAllInputs = false } = stock;
  return {
    kernel,
    saveInputs: saveAllInputs ? 'all' : inputsToSave,
    saveOutputs: stock.outputsToSave,
    pullback: ({ dy, dys, inputs, outputs, attrs }) => {
      const savedInputs = saveAllInputs ? Object.values(inputs) : inputsToSave.map((name) => inputs[name]!);
      return stock.gradFunc(dys.length > 1 ? dys : dy, [...savedInputs, ...outputs], attrs);
    },
  };
}
