import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  add,
  dispose,
  keep,
  matMul,
  mul,
  stack,
  sub,
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
import type { KFACInverseOptions } from './kfac-options.js';

/**
 * How damping meets a block A ⊗ B: `'exact'` is (A ⊗ B + δI)⁻¹. `'factored'` is (A + π√δ I)⁻¹ ⊗ (B + √δ/π I)⁻¹ with
 * π² = (tr A / dim A) / (tr B / dim B).
 */
type DampingSplit = NonNullable<KFACInverseOptions['split']>;

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
    Float32Array.from(values, (value) => 1 / (value + damping)),
    [inputs.values.length, gradients.values.length],
  );
  const [left, right] = [columnsOf(inputs), columnsOf(gradients)];
  const into = (v: Tensor2D): Tensor2D => intoBasis(left, right, v);
  const outOf = (c: Tensor2D): Tensor2D => outOfBasis(left, right, c);
  return {
    tensors: [left, right, weights],
    norm: Math.max(largestInverse(values, damping), outside),
    times: (v) => weighed(v, { into, outOf, weights, outside }),
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
      const half = weighed(transpose(v), left);
      return weighed(transpose(half), right);
    },
  };
}

/** What acts on a space by weights along a basis, and by one number on all that is orthogonal to it. */
interface Weighing {
  /** Coordinates along the basis. */
  into(v: Tensor2D): Tensor2D;
  /** The vector with such coordinates. */
  outOf(coordinates: Tensor2D): Tensor2D;
  readonly weights: Tensor2D;
  /** 0 where the basis is complete. */
  readonly outside: number;
}

/**
 * The weights times the part of v in the basis, and `outside` times the rest. That is taken off twice: what rounding leaves in it
 * of the basis would be multiplied by `outside`, which is as large as the damping is small.
 */
function weighed(v: Tensor2D, { into, outOf, weights, outside }: Weighing): Tensor2D {
  const coordinates = into(v);
  const inside = outOf(mul(weights, coordinates));
  if (outside === 0) return inside;
  const rest: Tensor2D = sub(v, outOf(coordinates));
  return add(inside, mul(sub(rest, outOf(into(rest))), outside));
}

/** (C + αI)⁻¹, which acts on rows. */
interface DampedFactor extends Weighing {
  readonly columns: Tensor2D;
  /** Its largest eigenvalue. */
  readonly norm: number;
}

function dampedFactor(basis: Eigenbasis, alpha: number): DampedFactor {
  const { values, isComplete } = basis;
  const outside = isComplete ? 0 : 1 / alpha;
  const weights = Float32Array.from(values, (value) => 1 / (value + alpha));
  const columns = columnsOf(basis);
  return {
    columns,
    into: (v) => matMul(v, columns),
    outOf: (coordinates) => matMul(coordinates, columns, false, true),
    weights: tensor2d(weights, [1, values.length]),
    outside,
    norm: Math.max(largestInverse(values, alpha), outside),
  };
}

/** The largest 1/(λ + δ), with 0 for what rounding has left below, and without what is NaN. */
function largestInverse(eigenvalues: Float32Array | Float64Array, damping: number): number {
  let least = Infinity;
  for (const value of eigenvalues) if (value < least) least = value;
  return 1 / (Math.max(least, 0) + damping);
}

/** The mean of all eigenvalues of a factor. */
function meanOf({ values, width }: Eigenbasis): number {
  return values.reduce((sum, value) => sum + value, 0) / width;
}
