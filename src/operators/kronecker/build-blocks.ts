import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { keep, mean, reshape, sum, tidy, zeros } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../../errors.js';
import { WeightedSum } from '../../objectives/weighted-sum.js';
import type { SplitObjective } from '../../objectives/objective.js';
import type { BlockPlan } from './block-plan.js';
import type { BlockVisitor, PassOptions } from './block-pass.js';
import { passBlocks, squaredProducts } from './block-pass.js';
import type { Block } from './blocks.js';
import { disposeBlock } from './blocks.js';
import { FactorSum } from './factor.js';
import type { KFACOptions } from './kfac-options.js';

/** How the T positions of an example count: each as an example of its own, or all together as their mean and sum. */
type WeightSharing = NonNullable<KFACOptions['setting']>;

/**
 * The blocks of an objective at the present values of its variables, in the order of the parameters. With the weights w_i of
 * the examples, 1 in sum, and s the output vectors, a block of a linear map is A ⊗ B with
 *
 *     'expand'   A = Σ_i w_i 1/T Σ_t x_it x_itᵀ,   B = Σ_i Σ_t Σ_s g_its g_itsᵀ
 *     'reduce'   A = Σ_i w_i x̄_i x̄_iᵀ,             B = Σ_i Σ_s ḡ_is ḡ_isᵀ,   x̄_i = 1/T Σ_t x_it,   ḡ_is = Σ_t g_its.
 *
 * @param isWhole whether eigenvectors are wanted of what A and B have no rows of
 * @returns owned by the caller: see `disposeBlock`
 */
export function buildBlocks(
  objective: SplitObjective,
  options: PassOptions,
  setting: WeightSharing,
  where: string,
  isWhole = false,
): Block[] {
  const sums = new BlockSums(objective, setting, where, isWhole);
  try {
    passBlocks(objective, options, sums, where);
    return sums.blocks();
  } finally {
    sums.dispose();
  }
}

class BlockSums implements BlockVisitor {
  private plans: readonly BlockPlan[] | null = null;
  private readonly factors = new Map<number, { readonly inputs: FactorSum; readonly gradients: FactorSum }>();
  private readonly diagonals = new Map<number, WeightedSum<Tensor>>();
  private readonly weight = new WeightedSum<Scalar>();

  constructor(
    private readonly objective: SplitObjective,
    private readonly setting: WeightSharing,
    private readonly where: string,
    private readonly isWhole: boolean,
  ) {}

  plan(plans: readonly BlockPlan[]): void {
    if (this.plans != null) return requireSame(this.plans, plans, this.where);
    this.plans = plans;
    plans.forEach(({ map, reason }, block) => {
      if (map == null || reason != null) this.diagonals.set(block, new WeightedSum());
      else {
        const { inWidth, outWidth } = map;
        const [inputs, gradients] = [inWidth, outWidth].map((width) => new FactorSum(width, this.isWhole));
        this.factors.set(block, { inputs: inputs!, gradients: gradients! });
      }
    });
  }

  total(weight: Scalar): void {
    this.weight.add(1, weight.clone());
  }

  inputs(block: number, rows: Tensor3D, share: number): void {
    const { inputs } = this.factors.get(block)!;
    const [, positions] = rows.shape;
    if (this.setting === 'reduce') inputs.add(mean<Tensor2D>(rows, 1), share);
    else inputs.add(merged(rows), share / positions);
  }

  gradients(block: number, gradients: Tensor3D, inputs: () => Tensor3D): void {
    const factors = this.factors.get(block);
    if (factors == null) this.squares(block, squaredProducts(inputs(), gradients));
    else factors.gradients.add(this.setting === 'reduce' ? sum<Tensor2D>(gradients, 1) : merged(gradients));
  }

  squares(block: number, squares: Tensor): void {
    this.diagonals.get(block)!.add(1, squares.clone());
  }

  blocks(): Block[] {
    const blocks: Block[] = [];
    try {
      this.plans!.forEach((plan, i) => blocks.push(this.block(plan, i)));
      return blocks;
    } catch (error) {
      blocks.forEach(disposeBlock);
      throw error;
    }
  }

  private block({ variables, map, reason }: BlockPlan, index: number): Block {
    if (map == null || reason != null) {
      const { shape } = this.objective.parameters.variables[variables[0]!]!;
      const size = map == null ? shape : [map.inWidth, map.outWidth];
      const sum = this.diagonals.get(index)!;
      const diagonal = sum.present == null ? tidy(() => keep(zeros(size))) : sum.take();
      return { kind: 'diagonal', variables, map, reason: reason!, diagonal };
    }
    const sums = this.factors.get(index)!;
    const inputs = sums.inputs.dividedBy(this.weight.present!);
    try {
      const gradients = sums.gradients.dividedBy(null);
      return { kind: 'kronecker', variables, map, inputs, gradients, correction: null };
    } catch (error) {
      inputs.tensor.dispose();
      throw error;
    }
  }

  dispose(): void {
    for (const { inputs, gradients } of this.factors.values()) {
      inputs.dispose();
      gradients.dispose();
    }
    for (const diagonal of this.diagonals.values()) diagonal.dispose();
    this.weight.dispose();
  }
}

/** The rows of all examples and positions, [examples · T, width]. */
function merged(rows: Tensor3D): Tensor2D {
  return reshape(rows, [-1, rows.shape[2]]);
}

/** Throws unless the network uses its variables in the same way in every batch. */
function requireSame(first: readonly BlockPlan[], later: readonly BlockPlan[], where: string): void {
  // Why a block has no factors may depend on the number of examples.
  const formOf = (plans: readonly BlockPlan[]): string =>
    JSON.stringify(
      plans.map(({ variables, map, reason }) => [variables, map?.inWidth, map?.outWidth, reason == null]),
    );
  if (formOf(first) === formOf(later)) return;
  const expected = 'a network that uses its variables in the same way in every batch';
  throw new CurvatureArgumentError(where, expected, 'one that does not');
}
