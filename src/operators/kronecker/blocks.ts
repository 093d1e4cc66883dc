import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { dispose, matMul, mul, reshape, tidy } from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../../parameters.js';
import type { LinearMap } from './block-plan.js';
import type { Factor } from './factor.js';
import { halfFromRight, halfProduct, wholeFromRight, wholeProduct } from './factor.js';

/** U Λ Uᵀ in place of the factors: their eigenvectors, with eigenvalues that were fitted to all products of two. */
export interface Correction {
  /** Eigenvectors of the factor of the inputs as columns, [inWidth, a]. */
  readonly left: Tensor2D;
  /** Of that of the gradients, [outWidth, b]. */
  readonly right: Tensor2D;
  /** Λ [a, b]. */
  readonly eigenvalues: Tensor2D;
}

/** Part of the matrix that belongs to some of the variables, by their indices. */
interface BlockOf<Kind extends string> {
  readonly kind: Kind;
  readonly variables: readonly number[];
  readonly map: LinearMap | null;
}

/** V -> A V B for the matrix V of kernel and bias: A of the inputs, B of the gradients. */
export interface KroneckerBlock extends BlockOf<'kronecker'> {
  readonly map: LinearMap;
  readonly inputs: Factor;
  readonly gradients: Factor;
  /** Null until it is computed, and where none is asked for. */
  correction: Correction | null;
}

/** v -> d∘v, for reasons of its own. */
export interface DiagonalBlock extends BlockOf<'diagonal'> {
  readonly reason: string;
  /** d: the matrix of a linear map, or shaped like its only variable. */
  readonly diagonal: Tensor;
}

export type Block = KroneckerBlock | DiagonalBlock;

/** Part of a block-diagonal matrix on some variables. */
export interface BlockMap {
  /** The indices of the variables. */
  readonly variables: readonly number[];
  /** The product, from vectors shaped like the variables to flat ones. The innermost tidy owns them. */
  times(parts: readonly Tensor[]): Tensor[];
}

/** The product of v with a block-diagonal matrix: a new tensor. */
export function multiplyMaps(maps: readonly BlockMap[], parameters: ParameterSpace, v: Tensor1D): Tensor1D {
  return tidy(() => {
    const parts = parameters.unflatten(v);
    const products: Tensor[] = [];
    for (const { variables, times } of maps) {
      const own = times(variables.map((i) => parts[i]!));
      variables.forEach((i, k) => (products[i] = own[k]!));
    }
    return parameters.flatten(products);
  });
}

/** The product of v with the matrix that blocks make: a new tensor. */
export function multiplyBlocks(blocks: readonly Block[], parameters: ParameterSpace, v: Tensor1D): Tensor1D {
  const maps = blocks.map((block): BlockMap => {
    return { variables: block.variables, times: (parts) => blockProduct(block, parts) };
  });
  return multiplyMaps(maps, parameters, v);
}

function blockProduct(block: Block, parts: readonly Tensor[]): Tensor[] {
  return mapMatrix(block, parts, (v) =>
    block.kind === 'diagonal' ? mul(block.diagonal, v) : kroneckerProduct(block, v as Tensor2D),
  );
}

/** What `f` makes of the variables of a block as one matrix, or of its only variable. */
export function mapMatrix(
  { map }: Pick<Block, 'map'>,
  parts: readonly Tensor[],
  f: (v: Tensor) => Tensor,
): Tensor[] {
  return tidy(() =>
    map == null ? [reshape(f(parts[0]!), [-1])] : map.split(f(map.join(parts)) as Tensor2D),
  );
}

function kroneckerProduct({ inputs, gradients, correction }: KroneckerBlock, v: Tensor2D): Tensor2D {
  if (correction != null) {
    const { left, right, eigenvalues } = correction;
    return outOfBasis(left, right, mul(eigenvalues, intoBasis(left, right, v)));
  }
  const half = halfFromRight(gradients, halfProduct(inputs, v));
  return wholeProduct(inputs, wholeFromRight(gradients, half));
}

/** LᵀVR: V in the basis of the columns of L and of R. */
export const intoBasis = (left: Tensor2D, right: Tensor2D, v: Tensor2D): Tensor2D =>
  matMul(matMul(left, v, true, false), right);

/** L V Rᵀ, the reverse of {@link intoBasis}. */
export const outOfBasis = (left: Tensor2D, right: Tensor2D, v: Tensor2D): Tensor2D =>
  matMul(left, matMul(v, right, false, true));

export function disposeBlock(block: Block): void {
  if (block.kind === 'diagonal') dispose(block.diagonal);
  else dispose([block.inputs.tensor, block.gradients.tensor, { ...block.correction }]);
}
