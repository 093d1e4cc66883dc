import type { NamedTensorMap, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  add,
  addN,
  clone,
  getBackend,
  getKernel,
  isFinite,
  matMul,
  mul,
  reshape,
  scalar,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { engineInternals } from '../engine.js';

/*
 * Products with a matrix V [k, n] whose columns lie in several tensors, and with vectors of length n that lie in tensors
 * of any shape, one for each block of columns. A backend may have kernels for them, which do all blocks at one call and
 * read each number once; `tfjs-curvature/wasm` brings them. Elsewhere each block is a matrix product, and each term an op.
 */

const dotsKernel = 'tfjs-curvature/BlockDots';
const sumsKernel = 'tfjs-curvature/BlockSums';

/** V [k, n] cut into columns: blocks [k, n_i], null for one that is zero. */
export type Blocks = readonly (Tensor2D | null)[];

/** A vector of length n, by block, and the factor that it is taken with. */
export interface Term {
  readonly factor: number;
  readonly parts: readonly Tensor[];
}

/** scale · Vᵀα. */
export interface Combination {
  readonly scale: number;
  readonly blocks: Blocks;
  /** Shape [k]. */
  readonly alphas: Tensor1D;
}

/** Whether the current backend has the kernels and these tensors are what they take. */
function hasKernels(...vectors: (readonly Tensor[])[]): boolean {
  return (
    getKernel(dotsKernel, getBackend()) != null &&
    getKernel(sumsKernel, getBackend()) != null &&
    vectors.every((parts) => parts.every(({ dtype }) => dtype === 'float32'))
  );
}

/**
 * α = V x = Σ_i V_i x_i.
 *
 * A coordinate that is not a finite number is returned as 0.
 *
 * @param blocks V, not all null
 * @param parts x
 * @returns α [k], owned by the caller
 */
export function blockDots(blocks: Blocks, parts: readonly Tensor[]): Tensor1D {
  if (hasKernels(parts)) return run(dotsKernel, parts, null, blocks, null, {})[0] as Tensor1D;
  return tidy(() => {
    const products = blocks.flatMap((block, i) =>
      block == null ? [] : [matMul(block, reshape(parts[i]!, [parts[i]!.size, 1]))],
    );
    const alphas = reshape(addN(products), [-1]) as Tensor1D;
    return where(isFinite(alphas), alphas, zerosLike(alphas));
  });
}

/**
 * a x + b y + scale · Vᵀα, by block.
 *
 * The first two terms are those of `tf.add(tf.mul(a, x), tf.mul(b, y))`, bit for bit.
 *
 * @param x its parts give the results their shapes
 * @param y shaped like x; null for none
 * @param along null for none
 * @returns new tensors, owned by the caller
 */
export function blockSums(x: Term, y: Term | null, along: Combination | null): Tensor[] {
  if (hasKernels(x.parts, y?.parts ?? [])) {
    const factors = { a: x.factor, b: y?.factor ?? 0, scale: along?.scale ?? 0 };
    return run(sumsKernel, x.parts, y?.parts ?? null, along?.blocks ?? [], along?.alphas ?? null, factors);
  }
  return tidy(() => {
    const [a, b] = [scaling(x.factor), scaling(y?.factor ?? 1)];
    const weights: Tensor2D | null = along && reshape(mul(along.alphas, along.scale), [1, -1]);
    // What one part takes on the way is released before the next, whose results fill the same memory.
    return x.parts.map((part, i) =>
      tidy(() => {
        let sum = a(part);
        if (y != null) sum = add(sum, b(y.parts[i]!));
        const block = along?.blocks[i];
        if (block != null) sum = add(sum, reshape(matMul(weights!, block), part.shape));
        return sum === part ? clone(part) : sum;
      }),
    );
  });
}

/** Multiplies by a number, which goes to the device once. */
function scaling(factor: number): (part: Tensor) => Tensor {
  if (factor === 1) return (part) => part;
  const number = scalar(factor);
  return (part) => mul(number, part);
}

/** Runs a kernel on x, y, the blocks that are not zero, and α, in a row: see `src/wasm/kernels/block-products.ts`. */
function run(
  kernelName: string,
  x: readonly Tensor[],
  y: readonly Tensor[] | null,
  blocks: Blocks,
  alphas: Tensor1D | null,
  factors: Record<string, number>,
): Tensor[] {
  const inputs: Tensor[] = y == null ? [...x] : [...x, ...y];
  /** For each block that is there, which part it multiplies. */
  const owners: number[] = [];
  blocks.forEach((block, i) => {
    if (block == null) return;
    inputs.push(block);
    owners.push(i);
  });
  if (alphas != null) inputs.push(alphas);
  const attrs = { ...factors, parts: x.length, hasSecond: y != null, owners };
  // Names would take as long as the rest: the engine hands a list on as it is.
  const outputs = engineInternals().runKernel(kernelName, inputs as unknown as NamedTensorMap, attrs);
  return Array.isArray(outputs) ? outputs : [outputs];
}
