import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  add,
  dispose,
  keep,
  matMul,
  mul,
  stack,
  tensor,
  tensor2d,
  tidy,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../../parameters.js';
import type { SolverSteps } from '../../tfjs/drive.js';
import { derivedOperator } from '../derived-operator.js';
import type { LinearOperator } from '../linear-operator.js';
import { basesOf, eigenvaluesOf } from './block-spectrum.js';
import type { Block, BlockMap, KroneckerBlock } from './blocks.js';
import { intoBasis, mapMatrix, multiplyMaps, outOfBasis } from './blocks.js';
import type { Eigenbasis } from './spectrum.js';
import { columnsOf, read } from './spectrum.js';

/**
 * How damping meets a block A ⊗ B: `'exact'` is (A ⊗ B + δI)⁻¹. `'factored'` is (A + π√δ I)⁻¹ ⊗ (B + √δ/π I)⁻¹ with
 * π² = (tr A / dim A) / (tr B / dim B).
 */
export type DampingSplit = 'exact' | 'factored';

/** The inverse of a block with damping. */
export interface InverseBlock extends BlockMap {
  /** What it holds. */
  readonly tensors: readonly Tensor[];
  /** Its largest eigenvalue. */
  readonly norm: number;
}

/** The inverse of a block + δI. A block that has none without damping needs δ > 0. */
export function* invertBlock(block: Block, damping: number, split: DampingSplit): SolverSteps<InverseBlock> {
  const { variables } = block;
  if (block.kind === 'diagonal') {
    const { shape } = block.diagonal;
    const entries = yield* read(block.diagonal);
    const inverse = tensor(
      entries.map((entry) => 1 / (entry + damping)),
      shape,
    );
    return {
      variables,
      tensors: [inverse],
      norm: largestInverse(entries, damping),
      times: (parts) => mapMatrix(block, parts, (v) => mul(inverse, v)),
    };
  }
  const map =
    split === 'exact' ? yield* exactInverse(block, damping) : yield* factoredInverse(block, damping);
  return {
    variables,
    tensors: map.tensors,
    norm: map.norm,
    times: (parts) => mapMatrix(block, parts, (v) => map.times(v as Tensor2D)),
  };
}

/** The inverses of all blocks as one operator, which takes over what they hold. */
export function inverseOperator(
  inverses: readonly InverseBlock[],
  parameters: ParameterSpace,
): LinearOperator {
  const tensors = inverses.flatMap((inverse) => inverse.tensors);
  for (const tensor of tensors) keep(tensor);
  const times = (v: Tensor1D): Tensor1D => multiplyMaps(inverses, parameters, v);
  return derivedOperator({
    name: 'KFACOperator.inverse',
    size: parameters.size,
    operands: [],
    product: (v) => {
      if (v.rank === 1) return times(v as Tensor1D) as typeof v;
      return tidy(() => stack(unstack(v).map((row) => times(row as Tensor1D))) as typeof v);
    },
    magnitude: () => inverses.reduce((largest, { norm }) => Math.max(largest, norm), 0),
    release: () => dispose(tensors),
  });
}

interface MatrixMap extends Pick<InverseBlock, 'tensors' | 'norm'> {
  times(v: Tensor2D): Tensor2D;
}

/** (U Λ Uᵀ + δI)⁻¹: in the basis of the eigenvectors, 1/(λ + δ); 1/δ on what is orthogonal to them. */
function* exactInverse(block: KroneckerBlock, damping: number): SolverSteps<MatrixMap> {
  const { inputs, gradients } = yield* basesOf(block);
  const { values } = yield* eigenvaluesOf(block);
  const outside = inputs.isComplete && gradients.isComplete ? 0 : 1 / damping;
  const weights = tensor2d(
    Float32Array.from(values, (value) => 1 / (value + damping) - outside),
    [inputs.values.length, gradients.values.length],
  );
  const [left, right] = [columnsOf(inputs), columnsOf(gradients)];
  return {
    tensors: [left, right, weights],
    norm: Math.max(largestInverse(values, damping), outside),
    times: (v) => {
      const inside = outOfBasis(left, right, mul(weights, intoBasis(left, right, v)));
      return plus(inside, v, outside);
    },
  };
}

/** (A + αI)⁻¹ V (B + βI)⁻¹. */
function* factoredInverse(block: KroneckerBlock, damping: number): SolverSteps<MatrixMap> {
  const { inputs, gradients } = yield* basesOf(block);
  const ratio = Math.sqrt(meanOf(inputs) / meanOf(gradients));
  // Of a factor that is zero any split is as good.
  const pi = Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
  const left = dampedFactor(inputs, pi * Math.sqrt(damping));
  const right = dampedFactor(gradients, Math.sqrt(damping) / pi);
  return {
    tensors: [left.columns, left.weights, right.columns, right.weights],
    norm: left.norm * right.norm,
    times: (v) => {
      const down: Tensor2D = matMul(left.columns, v, true, false);
      const half = plus(matMul(left.columns, mul(transpose(left.weights), down)), v, left.outside);
      const across: Tensor2D = matMul(half, right.columns);
      return plus(matMul(mul(across, right.weights), right.columns, false, true), half, right.outside);
    },
  };
}

/** (C + αI)⁻¹ = U diag(weights) Uᵀ + outside · I. */
interface DampedFactor {
  /** U */
  readonly columns: Tensor2D;
  /** A row. */
  readonly weights: Tensor2D;
  readonly outside: number;
  /** Its largest eigenvalue. */
  readonly norm: number;
}

function dampedFactor(basis: Eigenbasis, alpha: number): DampedFactor {
  const { values, isComplete } = basis;
  const outside = isComplete ? 0 : 1 / alpha;
  const weights = Float32Array.from(values, (value) => 1 / (value + alpha) - outside);
  const norm = Math.max(largestInverse(values, alpha), outside);
  return { columns: columnsOf(basis), weights: tensor2d(weights, [1, values.length]), outside, norm };
}

/** The largest 1/(λ + δ), with 0 for what rounding has left below, and without what is NaN. */
function largestInverse(eigenvalues: Float32Array | Float64Array, damping: number): number {
  let least = Infinity;
  for (const value of eigenvalues) if (value < least) least = value;
  return 1 / (Math.max(least, 0) + damping);
}

/** x + c y */
function plus(x: Tensor2D, y: Tensor2D, c: number): Tensor2D {
  return c === 0 ? x : add(x, mul(y, c));
}

/** The mean of all eigenvalues of a factor. */
function meanOf({ values, width }: Eigenbasis): number {
  return values.reduce((sum, value) => sum + value, 0) / width;
}
