import type { NamedTensorMap, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  add,
  concat,
  engine,
  getBackend,
  getKernel,
  matMul,
  mul,
  reshape,
  slice,
  tidy,
} from '@tensorflow/tfjs-core';

/*
 * Products with the matrix R whose rows lie in several tensors. A backend may have kernels for them, which need no
 * joining of rows and read each once; `tfjs-curvature/wasm` brings them. Elsewhere each tensor is a matrix product.
 */

const dotsKernel = 'tfjs-curvature/RowDots';
const combinationKernel = 'tfjs-curvature/RowCombination';

/** Whether the current backend multiplies scattered rows as fast as joined ones. */
export function takesScatteredRows(): boolean {
  return getKernel(dotsKernel, getBackend()) != null && getKernel(combinationKernel, getBackend()) != null;
}

/**
 * R x, in the order of the rows.
 *
 * @param parts the rows of R, tensors [r_i, n]
 * @param x shape [1, n]
 * @returns shape [Σ r_i], owned by the caller
 */
export function rowDots(parts: readonly Tensor2D[], x: Tensor2D): Tensor1D {
  if (takesScatteredRows()) return run(dotsKernel, { x, ...named(parts) }, {}) as Tensor1D;
  return tidy(() =>
    concat(parts.map((part) => reshape(matMul(x, part, false, true), [part.shape[0]]) as Tensor1D)),
  );
}

/**
 * base + scale · W R.
 *
 * @param weights W, shape [m, Σ r_i]
 * @param parts the rows of R, tensors [r_i, n]
 * @param base shape [m, n]; zero if null
 * @returns shape [m, n], owned by the caller
 */
export function combineRows(
  weights: Tensor2D,
  parts: readonly Tensor2D[],
  scale = 1,
  base: Tensor2D | null = null,
): Tensor2D {
  if (takesScatteredRows()) {
    const inputs = { weights, ...(base != null && { base }), ...named(parts) };
    return run(combinationKernel, inputs, { scale }) as Tensor2D;
  }
  return tidy(() => {
    const scaled = scale === 1 ? weights : mul(weights, scale);
    let first = 0;
    let sum = base;
    for (const part of parts) {
      const columns = slice(scaled, [0, first], [-1, part.shape[0]]) as Tensor2D;
      first += part.shape[0];
      const before = sum;
      sum = tidy(() => {
        // One row as a product of numbers: a matrix product on WebGL would count what lies in the padding of its texture.
        const product: Tensor2D = part.shape[0] === 1 ? mul(columns, part) : matMul(columns, part);
        return before == null ? product : add(before, product);
      });
      if (before !== base) before?.dispose();
    }
    return sum!;
  });
}

function named(parts: readonly Tensor2D[]): NamedTensorMap {
  return Object.fromEntries(parts.map((part, i) => [i, part]));
}

function run(kernelName: string, inputs: NamedTensorMap, attrs: { scale?: number }): Tensor {
  return engine().runKernel(kernelName, inputs, attrs);
}
