import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import {
  abs,
  add,
  addN,
  argMax,
  cast,
  concat,
  dispose,
  divNoNan,
  keep,
  less,
  log,
  mul,
  neg,
  oneHot,
  ones,
  randomNormal,
  randomUniform,
  reshape,
  sigmoid,
  sign,
  slice,
  softmax,
  split,
  sqrt,
  sub,
  sum,
  tensor1d,
  tidy,
  tile,
  variable,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { linearizeWith } from '../autodiff/linearize.js';
import { CurvatureArgumentError } from '../errors.js';
import { examplesOf } from '../objectives/examples-of-outputs.js';
import type { Likelihood, OutputSplit } from '../objectives/output-split.js';
import { lossHessian } from './gauss-newton.js';
import type { OutputMetric } from './output-curvature.js';

/** The likelihood of each output; throws where the loss is the negative logarithm of none that is known. */
export function requireLikelihoods(split: OutputSplit, where: string): Likelihood[] {
  return split.likelihoods.map((likelihood) => {
    if (likelihood != null) return likelihood;
    throw new CurvatureArgumentError(
      where,
      'softmax or sigmoid cross-entropy or mean squared error, or an objective that names its likelihood',
      'a loss that is not known to be a negative log-likelihood',
      'For a loss of your own that is one, write lossObjective({ outputs, loss, likelihood }, variables)',
    );
  });
}

/** M = 1/N Σ_i w_i r_i r_iᵀ with r_i the gradient of the loss of example i, not weighed, by all its outputs. */
export function empiricalMetric(split: OutputSplit, outputs: readonly Variable[]): OutputMetric {
  const z = [...outputs];
  const examples = examplesOf(z, 'FisherOperator');
  const linearization = linearizeWith(() => split.loss(z), z, 'FisherOperator');
  const [residuals, shares] = keptTogether(() => {
    try {
      const parts = sharesOf(split.commonWeights(), examples);
      // ℓ is the mean of the w_i ℓ_i, so its gradient holds w_i r_i / N; where w_i is 0, r_i counts for nothing.
      const gradients = linearization.parameters.unflatten(linearization.gradient);
      return [divNoNan(joinRows(gradients, examples), parts), parts];
    } finally {
      linearization.dispose();
    }
  }) as [Tensor2D, Tensor2D];
  return {
    apply: (u) =>
      tidy(() => {
        const product = outerProducts(residuals, joinRows(u, examples), shares);
        return splitRows(product, z);
      }),
    dispose: () => dispose([residuals, shares]),
  };
}

/**
 * M = 1/S Σ_s Σ_i φ_i r_si r_siᵀ for each output by itself, with r_si the gradient at a sampled target of the negative
 * log-likelihood of row i, and φ_i its share in the loss: see {@link likelihoodShares}.
 */
export function sampledMetric(
  split: OutputSplit,
  outputs: readonly Variable[],
  samples: number,
  seed: number,
): OutputMetric {
  const likelihoods = requireLikelihoods(split, 'FisherOperator');
  const made = keptTogether(() => {
    const shares = likelihoodShares(split, outputs, 'FisherOperator');
    const draws = outputs.flatMap((z, output) =>
      Array.from({ length: samples }, (_, sample): Tensor2D => {
        const residual = sampledResidual(likelihoods[output]!, z, seedOfDraw(seed, output, sample, samples));
        return mul(residual, sqrt(abs(shares[output]!)));
      }),
    );
    return [...draws, ...shares.map((own): Tensor2D => sign(own))];
  });
  const residuals = likelihoods.map((_, output) => made.slice(output * samples, (output + 1) * samples));
  const signs = made.slice(-likelihoods.length);
  return {
    apply: (u) =>
      tidy(() =>
        u.map((part, output) => {
          const draws = residuals[output]!.map((r) =>
            outerProducts(r, reshape(part, r.shape) as Tensor2D, signs[output]!),
          );
          return reshape(mul(addN(draws), 1 / samples), part.shape);
        }),
      ),
    dispose: () => dispose(made),
  };
}

/**
 * What the curvature of a loss by its outputs has of that of its likelihood, for each output by rows:
 *
 *     ∇²ℓ(z) = φ (diag p − p pᵀ),   φ p(1 − p)/C,   or φ 2/C
 *
 * of softmax, sigmoids and a normal distribution, φ [R, 1] for the first and [R, C] for the others. Of a mean over R rows
 * it is w/R, the weights and no more; targets that do not sum to 1 over the classes, factors and sums in a custom loss are
 * in it, too. It does not depend on z, and is measured at z = 0, where no p is lost to rounding.
 *
 * Cost: the loss as a function of the outputs, linearized, and a product. The innermost tidy owns the result.
 *
 * @param outputs their shapes count
 */
export function likelihoodShares(split: OutputSplit, outputs: readonly Tensor[], where: string): Tensor2D[] {
  const likelihoods = requireLikelihoods(split, where);
  const origin = outputs.map(({ shape }) => variable(zeros(shape)));
  let metric: OutputMetric | null = null;
  try {
    metric = lossHessian(split, origin, 0, null);
    const probes = origin.map((z, output) =>
      reshape(add(zerosLike(asRows(z)), probe[likelihoods[output]!](classesOf(z))), z.shape),
    );
    return metric.apply(probes).map((image, output) => {
      const rows = asRows(image ?? zerosLike(origin[output]!));
      const classes = rows.shape[1];
      if (likelihoods[output] === 'gaussian') return mul(rows, classes / 2);
      if (likelihoods[output] === 'bernoulli') return mul(rows, 4 * classes);
      // Of one class there is no curvature.
      const share = classes === 1 ? 0 : classes ** 2 / (classes - 1);
      return mul(slice(rows, [0, 0], [-1, 1]), share);
    });
  } finally {
    metric?.dispose();
    dispose(origin);
  }
}

/** What a row of the curvature is multiplied by to tell φ. */
const probe: Record<Likelihood, (classes: number) => Tensor> = {
  categorical: (classes) => oneHot(tensor1d([0], 'int32'), classes),
  bernoulli: () => ones([1]),
  gaussian: () => ones([1]),
};

/** The seed of the sample of one term of an objective. */
export const seedOfTerm = (seed: number, term: number): number => seed + 7919 * term;

/** The seed of one draw of the targets of one output. */
export const seedOfDraw = (seed: number, output: number, draw: number, draws: number): number =>
  seed + 104729 * (draw + draws * output);

/** The residuals at sampled targets of one output z [..., C], as rows [R, C]. */
export function sampledResidual(likelihood: Likelihood, z: Tensor, seed: number): Tensor2D {
  return sampleResidual[likelihood](asRows(z), seed);
}

/** C of an output z [..., C]; 1 of [N], which is read as [N, 1], and of a scalar. */
export const classesOf = ({ shape }: Tensor): number => (shape.length < 2 ? 1 : shape.at(-1)!);

/** One output z [..., C] as rows [R, C]. */
export const asRows = (z: Tensor): Tensor2D => reshape(z, [-1, classesOf(z)]);

/**
 * The gradient by z [R, C] of each row's negative log-likelihood at a target y ~ p(y|z), scaled so that the
 * expectation of r rᵀ is the Hessian of the row's loss: losses that are means over C independent elements
 * have the scale √C instead of C.
 */
const sampleResidual: Record<Likelihood, (z: Tensor2D, seed: number) => Tensor2D> = {
  categorical: (z, seed) => {
    // The largest of z_c + g_c with Gumbel noise g is distributed as softmax(z) (Gumbel 1954).
    const uniform = randomUniform(z.shape, Number.EPSILON, 1, 'float32', seed);
    const classes = argMax(sub(z, log(neg(log(uniform)))), -1);
    return sub(softmax(z), cast(oneHot(classes as Tensor1D, z.shape[1]), 'float32'));
  },
  bernoulli: (z, seed) => {
    const p = sigmoid(z);
    const targets = cast(less(randomUniform(z.shape, 0, 1, 'float32', seed), p), 'float32');
    return mul(sub(p, targets), 1 / Math.sqrt(z.shape[1]));
  },
  // Mean of squares: variance C/2 in each of C elements.
  gaussian: (z, seed) =>
    mul(randomNormal(z.shape, 0, 1, 'float32', seed) as Tensor2D, Math.sqrt(2 / z.shape[1])),
};

/** The tensors that `f` makes, kept: all of them, or none where it fails. */
function keptTogether(f: () => Tensor2D[]): Tensor2D[] {
  return tidy(() => f().map((tensor) => keep(tensor)));
}

/** s_i r_i ⟨r_i, u_i⟩ for rows r, u [R, C] and factors s, [R, 1] or [R, C]. */
function outerProducts(r: Tensor2D, u: Tensor2D, shares: Tensor2D): Tensor2D {
  return mul(r, mul(sum(mul(r, u), 1, true), shares));
}

/** w_i/R for each of R rows, of which every example has as many as any other: [R, 1]. */
export function sharesOf(weights: Tensor | null, rows: number): Tensor2D {
  const given = weights ?? ones([1]);
  const column: Tensor2D = reshape(cast(given, 'float32'), [-1, 1]);
  const perExample = tile(column, [1, rows / given.size]);
  return reshape(mul(perExample, 1 / rows), [rows, 1]);
}

/** All outputs of an example in one row. */
export function joinRows(u: readonly Tensor[], examples: number): Tensor2D {
  return concat(
    u.map((part) => reshape(part, [examples, -1]) as Tensor2D),
    1,
  );
}

/** The reverse of {@link joinRows}, in the shapes of the outputs. */
export function splitRows(rows: Tensor2D, outputs: readonly Variable[]): Tensor[] {
  const widths = outputs.map(({ size }) => size / rows.shape[0]);
  return split(rows, widths, 1).map((part, i) => reshape(part, outputs[i]!.shape));
}
