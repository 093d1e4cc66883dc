import type { Tensor1D } from '@tensorflow/tfjs-core';
import { abs, cast, mul, notEqual, stack, sum, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { SplitObjective } from '../objectives/objective.js';
import { classesOf, likelihoodShares, requireLikelihoods, sharesOf } from '../operators/residual-metrics.js';
import type { SolverSteps } from '../tfjs/drive.js';

/**
 * f and c of the negative log-likelihood fL + c of all examples, weighed by w. Its curvature by the outputs is w/σ² for a normal
 * distribution, w p(1 - p) and w (diag p - p pᵀ) for classes, where that of L is 2φ/C, φ p(1 - p)/C and φ (diag p - p pᵀ): see
 * `likelihoodShares`. So f is Σ w over Σ φ, times C/2σ², C or 1. What has no curvature, as what a mask leaves out, has no part.
 *
 * @param noise σ
 */
export function* likelihoodFactor(
  objective: SplitObjective,
  noise: number,
  where: string,
): SolverSteps<{ factor: number; constant: number }> {
  let [weights, shares, elements] = [0, 0, 0];
  let isNormal = false;
  for (const { split, weight } of objective.terms) {
    const likelihoods = requireLikelihoods(split, where);
    isNormal = likelihoods[0] === 'gaussian';
    let perShare = 1;
    const read = yield tidy(() =>
      evaluateTerm(objective, () => {
        const outputs = split.outputs();
        requireThat(outputs.length === 1, where, 'a model with one output', `${outputs.length} outputs`);
        if (likelihoods[0] !== 'categorical') perShare = classesOf(outputs[0]!);
        const [own] = likelihoodShares(split, outputs, where);
        const [rows] = own!.shape;
        const isIn = cast(notEqual(own!, 0), 'float32');
        const given = mul(abs(sharesOf(split.weights(0), rows)), rows);
        return stack([sum(mul(isIn, given)), sum(abs(own!)), sum(isIn)]) as Tensor1D;
      }),
    );
    weights += read[0]!;
    shares += (weight * read[1]!) / perShare;
    elements += read[2]!;
  }
  // Where nothing has a curvature the posterior is the prior, whatever the factor.
  const whole = shares === 0 ? 1 : weights / shares;
  if (!isNormal) return { factor: whole, constant: 0 };
  const variance = noise ** 2;
  return { factor: whole / (2 * variance), constant: (elements / 2) * Math.log(2 * Math.PI * variance) };
}
