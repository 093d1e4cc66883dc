import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import { scalar, util } from '@tensorflow/tfjs-core';
import { runKernel, type KernelInputs } from './run-kernel.js';

/*
 * The kernels that gradient rules are written in. They skip what the ops of TensorFlow.js do around a kernel
 * (conversion of arguments, upcasting, a scope each), which costs as much as a small kernel itself.
 * Operands are float32 unless said otherwise. The caller's `tf.tidy` disposes results.
 */

export const add = (a: Tensor, b: Tensor): Tensor => runKernel('Add', { a, b });
export const sub = (a: Tensor, b: Tensor): Tensor => runKernel('Sub', { a, b });
export const mul = (a: Tensor, b: Tensor): Tensor => runKernel('Multiply', { a, b });
export const div = (a: Tensor, b: Tensor): Tensor => runKernel('RealDiv', { a, b });
/**
 * a·b, and 0 where b is 0, even where a is infinite or NaN; of one shape. What a piece of slope 0 makes of an adjoint: of
 * √relu(x) at x < 0 the adjoint of relu is ∞, and the derivative 0. And what an infinite slope makes of an adjoint b that is 0.
 */
export const multiplyNoNan = (a: Tensor, b: Tensor): Tensor =>
  runKernel('tfjs-curvature/MultiplyNoNan', { a, b });
export const abs = (x: Tensor): Tensor => runKernel('Abs', { x });
export const exp = (x: Tensor): Tensor => runKernel('Exp', { x });

/** c·x for a number c. */
export const scale = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : mul(x, scalar(factor)));
/** −x. As a product: it is vectorised on the WASM backend, where `Neg` is not. */
export const neg = (x: Tensor): Tensor => scale(x, -1);
/** x + c for a number c. */
export const shift = (x: Tensor, offset: number): Tensor => add(x, scalar(offset));

export const greater = (a: Tensor, b: Tensor): Tensor => runKernel('Greater', { a, b });
export const greaterEqual = (a: Tensor, b: Tensor): Tensor => runKernel('GreaterEqual', { a, b });
export const less = (a: Tensor, b: Tensor): Tensor => runKernel('Less', { a, b });
export const lessEqual = (a: Tensor, b: Tensor): Tensor => runKernel('LessEqual', { a, b });
export const equal = (a: Tensor, b: Tensor): Tensor => runKernel('Equal', { a, b });
/** condition ? t : e, all of one shape; condition is bool. */
export const select = (condition: Tensor, t: Tensor, e: Tensor): Tensor =>
  runKernel('Select', { condition, t, e });
/** 1 where x > 0, else `alpha`. */
export const step = (x: Tensor, alpha = 0): Tensor => runKernel('Step', { x }, { alpha });
/** `slopes`, and NaN where the value is. */
export const noneWithout = (value: Tensor, slopes: Tensor): Tensor => add(slopes, scale(step(value), 0));

export function cast(x: Tensor, dtype: DataType): Tensor {
  return x.dtype === dtype ? x : runKernel('Cast', { x }, { dtype });
}

/** 1 where a bool tensor is true, 0 elsewhere. */
export const indicator = (x: Tensor): Tensor => cast(x, 'float32');

/** The same values as a tensor of its own: what a composition returns must be none of its inputs. */
export const copy = (x: Tensor): Tensor => runKernel('Identity', { x });

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return util.arraysEqual(x.shape, shape as number[]) ? x : runKernel('Reshape', { x }, { shape });
}

export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  return perm.every((axis, i) => axis === i) ? x : runKernel('Transpose', { x }, { perm });
}

export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  return util.arraysEqual(x.shape, size as number[]) ? x : runKernel('Slice', { x }, { begin, size });
}

/** Pads with `constantValue`; `paddings` gives for each axis how many to put before and after. */
export function pad(x: Tensor, paddings: readonly (readonly [number, number])[], constantValue = 0): Tensor {
  const isNoOp = paddings.every(([before, after]) => before === 0 && after === 0);
  return isNoOp ? x : runKernel('PadV2', { x }, { paddings, constantValue });
}

/** The adjoint of slicing: `x` put at `begin` into zeros of `shape`. */
export function padTo(x: Tensor, begin: readonly number[], shape: readonly number[]): Tensor {
  return pad(
    x,
    shape.map((size, axis) => [begin[axis]!, size - begin[axis]! - x.shape[axis]!] as const),
  );
}

export const reverse = (x: Tensor, dims: readonly number[]): Tensor =>
  dims.length === 0 ? x : runKernel('Reverse', { x }, { dims });

export function concat(xs: readonly Tensor[], axis: number): Tensor {
  return xs.length === 1 ? xs[0]! : runKernel('Concat', xs as unknown as KernelInputs, { axis });
}

export function sum(x: Tensor, axis: readonly number[], keepDims = false): Tensor {
  return axis.length === 0 ? x : runKernel('Sum', { x }, { axis, keepDims });
}

/** The maximum over axes, which are kept with size 1. */
export const max = (x: Tensor, reductionIndices: readonly number[]): Tensor =>
  runKernel('Max', { x }, { reductionIndices, keepDims: true });

/** The sum of all entries, a scalar. */
export const sumAll = (x: Tensor): Tensor =>
  sum(
    x,
    x.shape.map((_, axis) => axis),
  );

/** A product of matrices, or of stacks of matrices whose leading dimensions broadcast. Rank 2 or more. */
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  return runKernel('BatchMatMul', { a, b }, { transposeA, transposeB });
}

/** x[indices] along `axis`; `indices` is int32. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  runKernel('GatherV2', { x, indices }, { axis, batchDims: 0 });

/** The sum of the slices of `x` that share an index: the adjoint of gathering along axis 0. */
export const segmentSum = (x: Tensor, segmentIds: Tensor, numSegments: number): Tensor =>
  runKernel('UnsortedSegmentSum', { x, segmentIds }, { numSegments });

/** The slices of `params` that the rows of `indices` (int32) address. */
export const gatherNd = (params: Tensor, indices: Tensor): Tensor =>
  runKernel('GatherNd', { params, indices });

/** Zeros of `shape` with `updates` added where the rows of `indices` say: the adjoint of {@link gatherNd}. */
export const scatterNd = (indices: Tensor, updates: Tensor, shape: readonly number[]): Tensor =>
  runKernel('ScatterNd', { indices, updates }, { shape });

/** x[places] for places counted in the flattened `x`; shaped like `places`, which is int32. */
export function gatherAt(x: Tensor, places: Tensor): Tensor {
  return reshape(gatherNd(reshape(x, [x.size]), reshape(places, [places.size, 1])), places.shape);
}

/** Zeros of `shape` with each update added at its place in the flattened result: the adjoint of {@link gatherAt}. */
export function scatterAt(updates: Tensor, places: Tensor, shape: readonly number[]): Tensor {
  const size = util.sizeFromShape([...shape]);
  const indices = reshape(places, [places.size, 1]);
  return reshape(scatterNd(indices, reshape(updates, [updates.size]), [size]), shape);
}

/** `f` that is called at most once, when its value is first asked for. */
export function once(f: () => Tensor): () => Tensor {
  let value: Tensor | null = null;
  return () => (value ??= f());
}
