import type { Tensor, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import { reshape } from '@tensorflow/tfjs-core';
import type { Objective, SplitObjective } from '../objectives/objective.js';
import { requireObjective, requireSplits } from '../objectives/objective.js';
import { WeightedSum } from '../objectives/weighted-sum.js';
import type { BlockVisitor } from './kronecker/block-pass.js';
import { passBlocks, squaredProducts } from './kronecker/block-pass.js';
import type { BlockPlan } from './kronecker/block-plan.js';

const where = 'gaussNewtonDiagonal';

/**
 * The diagonal of the Gauss-Newton matrix of an objective, exactly, at the present values of its variables:
 *
 *     d_j = Σ_b w_b Σ_i Σ_c (J_iᵀ s_ic)_j²,   Σ_c s_ic s_icᵀ = ∇²ℓ_i(z_i)
 *
 * with J_i the Jacobian of the outputs for example i. `GaussNewtonOperator` is the matrix itself, `diagonal` estimates that of any
 * operator from its products. For preconditioning, for what to prune or quantise, for a Laplace approximation by parameters.
 *
 * Examples have to be apart: batch normalisation by the statistics of the batch (`training: true`) mixes what lies before it, and
 * is refused; `diagonal` of a `GaussNewtonOperator` estimates there.
 *
 * Cost: one evaluation, and one backward sweep for each output of an example, whatever the number of examples: C for C classes, and
 * one more to see that examples are apart. The gradients of the examples are squared at the kernels that a variable enters,
 * without being formed where that is a product with one position. A variable that is used where the tape does not tell
 * examples apart costs a sweep for each example and output. Memory: the tape of one term, and chunks of 32 MB.
 *
 * @param objective a modelObjective, or a lossObjective given as {outputs, loss, likelihood}
 * @returns shape [n], owned by the caller
 * @throws CurvatureArgumentError for an objective that does not know its outputs, or whose loss is no known negative log-likelihood
 *   (cross-entropies and mean squared error are), for weights of examples below 0, and for outputs of an example that depend on
 *   others; where numbers are not read at once (WebGL, WebGPU) the diagonal is NaN then
 *
 * Source: Dangel, Kunstner & Hennig 2020, "BackPACK: Packing more into Backprop", §2.3.
 *
 * @example
 * const objective = modelObjective(model, { xs, ys });
 * const curvatures = gaussNewtonDiagonal(objective); // a tensor [n]
 * curvatures.dispose();
 */
export function gaussNewtonDiagonal(objective: Objective): Tensor1D {
  requireObjective(objective, where);
  requireSplits(objective, where);
  const squares = new SquaredGradients(objective);
  try {
    passBlocks(objective, { type: 'exact', samples: 1, seed: 0, widest: Infinity }, squares, where);
    return squares.total();
  } finally {
    squares.dispose();
  }
}

/** Σ of the squares of the gradients of examples, by variable. */
class SquaredGradients implements BlockVisitor {
  private plans: readonly BlockPlan[] = [];
  private readonly sums: readonly WeightedSum<Tensor>[];

  constructor(private readonly objective: SplitObjective) {
    this.sums = objective.parameters.variables.map(() => new WeightedSum());
  }

  plan(plans: readonly BlockPlan[]): void {
    this.plans = plans;
  }

  gradients(block: number, gradients: Tensor3D, inputs: () => Tensor3D): void {
    const { variables, map } = this.plans[block]!;
    const parts = map!.split(squaredProducts(inputs(), gradients));
    variables.forEach((variable, k) => this.sums[variable]!.add(1, parts[k]!));
  }

  squares(block: number, squares: Tensor): void {
    this.sums[this.plans[block]!.variables[0]!]!.add(1, reshape(squares, [-1]));
  }

  total(): Tensor1D {
    return this.objective.parameters.flatten(this.sums.map((sum) => sum.present));
  }

  dispose(): void {
    for (const sum of this.sums) sum.dispose();
  }
}
