import type { SolverSteps } from '../../tfjs/drive.js';
import type { Block } from './blocks.js';
import { eigenvaluesOf } from './block-spectrum.js';
import type { Factor } from './factor.js';
import { gramOf, read } from './spectrum.js';

/** The trace of a block: that of A ⊗ B is tr A · tr B. */
export function traceOf(block: Block): SolverSteps<number> {
  return sumOver(block, (x) => x, factorTrace);
}

/** The sum of the squares of all entries of a block: that of A ⊗ B is ‖A‖² ‖B‖². */
export function squaredNormOf(block: Block): SolverSteps<number> {
  return sumOver(block, (x) => x * x, factorSquares);
}

/** log det (block + δI) = Σ log(λ + δ). */
export function* logDeterminantOf(block: Block, damping: number): SolverSteps<number> {
  const { values, zeros } = yield* eigenvaluesOf(block);
  const outside = zeros === 0 ? 0 : zeros * Math.log(damping);
  return outside + total(values, (value) => Math.log(value + damping));
}

/** A sum over the eigenvalues of a block, which for A ⊗ B is the product of those over the eigenvalues of A and of B. */
function* sumOver(
  block: Block,
  term: (eigenvalue: number) => number,
  ofFactor: (factor: Factor) => SolverSteps<number>,
): SolverSteps<number> {
  if (block.kind === 'diagonal') return total(yield* read(block.diagonal), term);
  if (block.correction != null) return total(yield* read(block.correction.eigenvalues), term);
  return (yield* ofFactor(block.inputs)) * (yield* ofFactor(block.gradients));
}

/** tr C, of RᵀR the squares of all entries of R. */
function* factorTrace({ tensor, width, isGram }: Factor): SolverSteps<number> {
  const numbers = yield* read(tensor);
  return isGram ? total(numbers, (x) => x * x) : total(numbers.filter((_, i) => i % (width + 1) === 0));
}

/** ‖C‖², of RᵀR that of R Rᵀ. */
function* factorSquares({ tensor, width, isGram }: Factor): SolverSteps<number> {
  const numbers = yield* read(tensor);
  return total(isGram ? gramOf(numbers, width) : numbers, (x) => x * x);
}

function total(numbers: Float32Array | Float64Array, term: (x: number) => number = (x) => x): number {
  let sum = 0;
  for (const x of numbers) sum += term(x);
  return sum;
}
