import type { NamedAttrMap, NamedTensorMap, Tensor2D } from '@tensorflow/tfjs-core';
import { add, getBackend, getKernel, matMul, mul, slice, sub, tidy } from '@tensorflow/tfjs-core';
import { engineInternals } from '../engine.js';

/*
 * Products with the matrix R whose rows lie in several tensors. A backend may have kernels for them, which need no
 * joining of rows and read each once; `tfjs-curvature/wasm` brings them. Elsewhere each tensor is a matrix product.
 * No shape there depends on how many tensors there are: a GPU backend compiles a program for each shape it meets.
 */

const dotsKernel = 'tfjs-curvature/RowDots';
const combinationKernel = 'tfjs-curvature/RowCombination';

/** Whether the current backend multiplies scattered rows as fast as joined ones. */
export function takesScatteredRows(): boolean {
  return getKernel(dotsKernel, getBackend()) != null;
}

/**
 * R x, in the order of the rows.
 *
 * @param parts the rows of R, tensors [r_i, n]
 * @param x shape [1, n]
 * @returns a tensor [1, r_i] for each part, or one of all of them [1, Σ r_i]; owned by the caller
 */
export function rowDots(parts: readonly Tensor2D[], x: Tensor2D): Tensor2D[] {
  if (takesScatteredRows()) return [run(dotsKernel, { x }, parts)];
  return parts.map((part) => matMul(x, part, false, true));
}

/**
 * (base - wᵀR) · scale.
 *
 * @param weights w, as {@link rowDots} returns what it is given these parts, or these and more after them
 * @param parts the rows of R, tensors [r_i, n], one at least
 * @param base shape [1, n]
 * @returns shape [1, n], owned by the caller
 */
export function subtractRows(
  weights: readonly Tensor2D[],
  parts: readonly Tensor2D[],
  base: Tensor2D,
  scale = 1,
): Tensor2D {
  if (takesScatteredRows()) {
    const attrs = { scale: -scale, baseScale: scale };
    return run(combinationKernel, { weights: weights[0]!, base }, parts, attrs);
  }
  const rest = accumulate(parts, base, (part, i, before) => sub(before!, times(weights[i]!, part)));
  if (scale === 1) return rest;
  const scaled: Tensor2D = mul(rest, scale);
  rest.dispose();
  return scaled;
}

/**
 * W R.
 *
 * @param weights W, shape [m, Σ r_i]
 * @param parts the rows of R, tensors [r_i, n]
 * @returns shape [m, n], owned by the caller
 */
export function combineRows(weights: Tensor2D, parts: readonly Tensor2D[]): Tensor2D {
  if (takesScatteredRows()) {
    return run(combinationKernel, { weights }, parts, { scale: 1, baseScale: 1 });
  }
  let first = 0;
  return accumulate(parts, null, (part, _, before) => {
    const product = times(slice(weights, [0, first], [-1, part.shape[0]]), part);
    first += part.shape[0];
    return before == null ? product : add(before, product);
  });
}

/** What a step for each part in turn makes of the start, which stays the caller's. */
function accumulate(
  parts: readonly Tensor2D[],
  start: Tensor2D | null,
  step: (part: Tensor2D, i: number, before: Tensor2D | null) => Tensor2D,
): Tensor2D {
  return parts.reduce<Tensor2D | null>((before, part, i) => {
    const after = tidy(() => step(part, i, before));
    if (before !== start) before?.dispose();
    return after;
  }, start)!;
}

/** One row as a product of numbers: a matrix product on WebGL would count what lies in the padding of its texture. */
function times(columns: Tensor2D, part: Tensor2D): Tensor2D {
  return part.shape[0] === 1 ? mul(columns, part) : matMul(columns, part);
}

/** Runs a kernel of some inputs, and of the parts of R under the names '0', '1', … */
function run(
  kernelName: string,
  inputs: NamedTensorMap,
  parts: readonly Tensor2D[],
  attrs: NamedAttrMap = {},
): Tensor2D {
  return engineInternals().runKernel(kernelName, Object.assign(inputs, parts), attrs) as Tensor2D;
}
