import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { ones, util } from '@tensorflow/tfjs-core';
import type { TapeValue } from '../../autodiff/tape.js';
import type { ValueUse } from '../../autodiff/value-uses.js';
import type { Batch } from '../../objectives/batches.js';
import { takeExamples } from '../../objectives/batches.js';
import { reshape, transpose } from '../../tfjs/kernels/kernel-ops.js';
import { windowRows } from '../../tfjs/kernels/window-rows.js';

/**
 * A place where a variable is the matrix of a linear map: y = x W for each of the T positions of each example, which are
 * the cells of an image, the steps of a sequence, or one.
 */
export interface LinearUse {
  /** y on the tape. */
  readonly output: TapeValue;
  readonly inWidth: number;
  readonly outWidth: number;
  /** Whether the variable holds Wᵀ. */
  readonly isTransposed: boolean;
  /** T. */
  readonly positions: number;
  /** x of some examples, [examples, T, inWidth]. */
  inputs(batch: Batch): Tensor3D;
  /** The adjoint of y, for some examples, as [examples, T, outWidth]. */
  gradients(dy: Tensor, batch: Batch): Tensor3D;
}

/** A {@link LinearUse}, or why the use is none. */
export type LinearUseOrReason = LinearUse | string;

/** Kernels that multiply by a variable, and their input that it enters. */
const makers: Readonly<Record<string, (use: ValueUse, examples: number) => LinearUseOrReason>> = {
  'BatchMatMul a': matrixUse,
  'BatchMatMul b': matrixUse,
  '_FusedMatMul a': matrixUse,
  '_FusedMatMul b': matrixUse,
  '_FusedMatMul bias': biasUse,
  'Conv2D filter': convolutionUse,
  'FusedConv2D filter': convolutionUse,
  'FusedConv2D bias': biasUse,
  'Add a': biasUse,
  'Add b': biasUse,
};

/** Whether a use adds the variable to something. */
export function isBias({ node, input }: ValueUse): boolean {
  return input === 'bias' || node.name === 'Add';
}

/**
 * What a use of a variable is as a linear map.
 *
 * @param examples how many examples there are; the first axis of x and y counts them, alone or merged with others that it
 *   precedes
 */
export function linearUse(use: ValueUse, examples: number): LinearUseOrReason {
  const { node, input } = use;
  const place = node.layer == null ? node.name : `${node.name} of layer '${node.layer}'`;
  const make = makers[`${node.name} ${input}`];
  if (make == null || node.context == null) return `it enters ${place}, which has no Kronecker factors`;
  const { activation } = node.context.attrs;
  if (activation != null && activation !== 'linear') return `it enters ${place}, fused with an activation`;
  const made = make(use, examples);
  return typeof made === 'string' ? `it enters ${place}, ${made}` : made;
}

/** y = x op(W), or y = op(W) x where the examples are the columns of x. */
function matrixUse({ node, input, shape, isTransposed }: ValueUse, examples: number): LinearUseOrReason {
  const { transposeA, transposeB } = node.context!.attrs as { transposeA: boolean; transposeB: boolean };
  const isRight = input === 'b';
  const x = node.context!.inputs[isRight ? 'a' : 'b']!;
  const [rows, columns] = shape.slice(-2) as [number, number];
  if (util.sizeFromShape(shape as number[]) !== rows * columns) return 'as a stack of matrices';
  const holdsTranspose = isRight ? transposeB : !transposeA;
  const [inWidth, outWidth] = holdsTranspose ? [columns, rows] : [rows, columns];
  const positions = x.size / inWidth / examples;
  if (!Number.isInteger(positions)) return 'with rows that are not those of the examples';
  const asRows = (tensor: Tensor, isTurned: boolean, width: number): Tensor =>
    reshape(isTurned ? swapLast(tensor) : tensor, [examples, positions, width]);
  return {
    output: node.outputs[0]!,
    inWidth,
    outWidth,
    isTransposed: isTransposed !== holdsTranspose,
    positions,
    inputs: (batch) =>
      takeExamples(asRows(x, isRight ? transposeA : !transposeB, inWidth), batch) as Tensor3D,
    gradients: (dy, batch) => takeExamples(asRows(dy, !isRight, outWidth), batch) as Tensor3D,
  };
}

/** y = x ∗ W: a product with what lies under the window at each of its places. */
function convolutionUse({ node, shape, isTransposed }: ValueUse, examples: number): LinearUseOrReason {
  const { attrs, inputs } = node.context!;
  const x = inputs.x!;
  const output = node.outputs[0]!;
  if (attrs.dataFormat === 'NCHW') return 'with channels first';
  if (isTransposed || shape.length !== 4) return 'turned';
  const images = x.shape[0]! / examples;
  if (!Number.isInteger(images)) return 'with images that are not those of the examples';
  const [height, width, channels, outWidth] = shape as [number, number, number, number];
  const positions = output.shape.slice(1, 3).reduce((product, size) => product * size, images);
  const inWidth = height * width * channels;
  return {
    output,
    inWidth,
    outWidth,
    isTransposed,
    positions,
    inputs: ({ begin, size }) => {
      const own = takeExamples(x, { begin: begin * images, size: size * images });
      return reshape(windowRows(own, shape, attrs), [size, positions, inWidth]) as Tensor3D;
    },
    gradients: (dy, batch) => takeExamples(reshape(dy, [examples, positions, outWidth]), batch) as Tensor3D,
  };
}

/** y = … + b along one axis: the product of a row b with the number 1. */
function biasUse({ node, shape }: ValueUse, examples: number): LinearUseOrReason {
  const output = node.outputs[0]!;
  const rank = output.shape.length;
  const varying = shape.flatMap((size, i) => (size > 1 ? [i + rank - shape.length] : []));
  if (varying.length > 1) return 'along several axes';
  const [axis = rank - 1] = varying;
  const outWidth = varying.length === 0 ? 1 : output.shape[axis]!;
  const positions = util.sizeFromShape(output.shape) / outWidth / examples;
  if (axis === 0 || !Number.isInteger(positions)) return 'along the axis of the examples';
  const last = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
  return {
    output,
    inWidth: 1,
    outWidth,
    isTransposed: false,
    positions,
    inputs: ({ size }) => ones([size, positions, 1]),
    gradients: (dy, batch) => {
      const turned = outWidth === 1 ? dy : transpose(dy, [...last, axis]);
      return takeExamples(reshape(turned, [examples, positions, outWidth]), batch) as Tensor3D;
    },
  };
}

/** Matrices with their rows and columns exchanged. */
function swapLast(tensor: Tensor): Tensor {
  const axes = tensor.shape.map((_, i) => i);
  return transpose(tensor, [...axes.slice(0, -2), tensor.rank - 1, tensor.rank - 2]);
}
