import type { Rank, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { dispose, keep, matMul, reshape, tidy, zeros } from '@tensorflow/tfjs-core';
import { WeightedSum } from '../../objectives/weighted-sum.js';
import type { SplitObjective } from '../../objectives/objective.js';
import type { SolverSteps } from '../../tfjs/drive.js';
import type { PassOptions } from './block-pass.js';
import { passBlocks, squaredProducts } from './block-pass.js';
import type { FactorBases } from './block-spectrum.js';
import { basesOf } from './block-spectrum.js';
import type { Block, Correction } from './blocks.js';
import { columnsOf } from './spectrum.js';

/**
 * Fits the eigenvalues of all blocks with factors to the gradients: with the eigenvectors u of A and v of B,
 *
 *     Λ_jk = Σ_i Σ_s (u_jᵀ G_is v_k)²,   G_is = Σ_t x_it g_itsᵀ,
 *
 * the diagonal of the block of the curvature in their basis, which is the nearest to it in the Frobenius norm (George et al.
 * 2018). Cost: the eigenvectors of the factors on the host, and a second pass through the objective.
 */
export function* correctEigenvalues(
  blocks: readonly Block[],
  objective: SplitObjective,
  options: PassOptions,
  where: string,
): SolverSteps<void> {
  const bases: (FactorBases | null)[] = [];
  for (const block of blocks) bases.push(block.kind === 'kronecker' ? yield* basesOf(block) : null);
  const fits = bases.map((own) => own && new EigenvalueFit(own));
  try {
    const gradients = (i: number, g: Tensor3D, inputs: () => Tensor3D): void => fits[i]?.add(inputs(), g);
    passBlocks(objective, options, { plan: () => undefined, gradients }, where);
    blocks.forEach((block, i) => {
      if (block.kind === 'kronecker' && block.correction == null) block.correction = fits[i]!.take();
    });
  } finally {
    for (const fit of fits) fit?.dispose();
  }
}

/** Λ of one block. */
class EigenvalueFit {
  private readonly left: Tensor2D;
  private readonly right: Tensor2D;
  private readonly sum = new WeightedSum<Tensor2D>();
  private isTaken = false;

  constructor({ inputs, gradients }: FactorBases) {
    [this.left, this.right] = tidy(() => [keep(columnsOf(inputs)), keep(columnsOf(gradients))]);
  }

  add(inputs: Tensor3D, gradients: Tensor3D): void {
    this.sum.add(
      1,
      tidy(() => squaredProducts(turned(inputs, this.left), turned(gradients, this.right))),
    );
  }

  take(): Correction {
    const { left, right, sum } = this;
    const shape: [number, number] = [left.shape[1], right.shape[1]];
    const eigenvalues = sum.present == null ? tidy(() => keep(zeros<Rank.R2>(shape))) : sum.take();
    this.isTaken = true;
    return { left, right, eigenvalues };
  }

  dispose(): void {
    this.sum.dispose();
    if (!this.isTaken) dispose([this.left, this.right]);
  }
}

/** Each row times the columns of a basis. */
function turned(rows: Tensor3D, basis: Tensor2D): Tensor3D {
  const [examples, positions, width] = rows.shape;
  return reshape(matMul(reshape(rows, [examples * positions, width]), basis), [examples, positions, -1]);
}
