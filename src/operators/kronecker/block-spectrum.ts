import { requireThat } from '../../errors.js';
import type { SolverSteps } from '../../tfjs/drive.js';
import { ZERO_SHARE } from '../magnitude.js';
import type { Block, KroneckerBlock } from './blocks.js';
import type { Factor } from './factor.js';
import type { Eigenbasis } from './spectrum.js';
import { eigenbasisOf, read } from './spectrum.js';

/** Both factors of a block by their eigenpairs; each is computed once. */
export interface FactorBases {
  readonly inputs: Eigenbasis;
  readonly gradients: Eigenbasis;
}

const known = new WeakMap<Factor, Eigenbasis>();

function* basisOnce(factor: Factor): SolverSteps<Eigenbasis> {
  const basis = known.get(factor) ?? (yield* eigenbasisOf(factor));
  known.set(factor, basis);
  return basis;
}

/** The eigenpairs of both factors of a block. */
export function* basesOf({ inputs, gradients }: KroneckerBlock): SolverSteps<FactorBases> {
  return { inputs: yield* basisOnce(inputs), gradients: yield* basisOnce(gradients) };
}

/** All eigenvalues of a block. */
export interface BlockEigenvalues {
  /** Those of known eigenvectors; of a block with factors the pairs [a, b] of theirs, row by row. */
  readonly values: Float64Array;
  /** How many others there are, all of them 0. */
  readonly zeros: number;
}

/** The eigenvalues of a block. */
export function* eigenvaluesOf(block: Block): SolverSteps<BlockEigenvalues> {
  if (block.kind === 'diagonal') return { values: Float64Array.from(yield* read(block.diagonal)), zeros: 0 };
  const { inputs, gradients } = yield* basesOf(block);
  const values =
    block.correction == null
      ? outerProduct(inputs.values, gradients.values)
      : Float64Array.from(yield* read(block.correction.eigenvalues));
  return { values, zeros: inputs.width * gradients.width - values.length };
}

/** Throws unless a block has an inverse without damping; the error names `where` and its variables. */
export function* requireRegular(block: Block, names: readonly string[], where: string): SolverSteps<void> {
  const { values, zeros } = yield* eigenvaluesOf(block);
  const bases = block.kind === 'diagonal' ? [] : Object.values(yield* basesOf(block));
  const isRegular = zeros === 0 && values.every((value) => value > 0) && bases.every(isDefinite);
  const expected = `a damping > 0, as the block of ${names.join(', ')} is singular`;
  requireThat(isRegular, where, expected, '0');
}

/** Whether the smallest eigenvalue of a factor can be told from 0 in float32. */
function isDefinite({ values, isComplete }: Eigenbasis): boolean {
  return isComplete && values.at(-1)! > ZERO_SHARE * values[0]!;
}

function outerProduct(a: Float64Array, b: Float64Array): Float64Array {
  const product = new Float64Array(a.length * b.length);
  a.forEach((x, i) => b.forEach((y, j) => (product[i * b.length + j] = x * y)));
  return product;
}
