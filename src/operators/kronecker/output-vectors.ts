import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import {
  divNoNan,
  mul,
  ones,
  reshape,
  sigmoid,
  slice,
  softmax,
  sqrt,
  sub,
  tensor,
  tidy,
  util,
} from '@tensorflow/tfjs-core';
import { linearizeWith } from '../../autodiff/linearize.js';
import type { SplitObjective } from '../../objectives/objective.js';
import type { Likelihood, OutputSplit } from '../../objectives/output-split.js';
import type { FisherOptions } from '../fisher.js';
import {
  asRows,
  classesOf,
  joinRows,
  likelihoodShares,
  requireLikelihoods,
  sampledResidual,
  seedOfDraw,
  seedOfTerm,
  sharesOf,
  splitRows,
} from '../residual-metrics.js';

/** For each output a tensor shaped like it, or null for zeros. The innermost tidy owns them. */
export type OutputVector = () => (Tensor | null)[];

/**
 * Vectors s on the outputs z of one term, such that Σ s sᵀ within each example is the curvature of the term there: its
 * Hessian by z, or what a Fisher matrix has in its place, times the weights of the example and of the term. None goes over
 * from one example to another.
 *
 * @param outputs z
 * @param index the term's number, for its sample
 */
export function outputVectors(
  { split, weight }: SplitObjective['terms'][number],
  outputs: readonly Variable[],
  index: number,
  { type, samples, seed }: Required<FisherOptions>,
  where: string,
): OutputVector[] {
  if (type === 'empirical') return [() => empiricalVector(split, outputs, weight, where)];
  const likelihoods = requireLikelihoods(split, where);
  const shares = likelihoodShares(split, outputs, where);
  /** Rows [R, C] of one output as one of its vectors. */
  const scaled = (rows: Tensor2D, output: number, factor = 1): Tensor =>
    tidy(() => {
      const own = mul(shares[output]!, weight * factor);
      return reshape(mul(rows, sqrt(own)), outputs[output]!.shape);
    });
  if (type === 'monteCarlo') {
    return Array.from(
      { length: samples },
      (_, draw) => () =>
        outputs.map((z, output) => {
          const drawn = seedOfDraw(seedOfTerm(seed, index), output, draw, samples);
          return scaled(sampledResidual(likelihoods[output]!, z, drawn), output, 1 / samples);
        }),
    );
  }
  return outputs.flatMap((z, output) => {
    const classes = classesOf(z);
    const perExample = z.size / classes / z.shape[0]!;
    return Array.from(
      { length: classes * perExample },
      (_, k): OutputVector =>
        () =>
          outputs.map((_, other) => {
            if (other !== output) return null;
            return tidy(() => {
              const column = rootColumn[likelihoods[output]!](asRows(z), k % classes);
              return onlyRow(scaled(column, output), Math.floor(k / classes), perExample);
            });
          }),
    );
  });
}

/**
 * For z [R, C] column c of a root S of the Hessian of each row's loss, S Sᵀ = ∇²ℓ(z): [R, C].
 *
 * softmax: diag p − p pᵀ = Σ_c p_c (e_c − p)(e_c − p)ᵀ. The two others have diagonal Hessians, as means over C elements.
 */
const rootColumn: Record<Likelihood, (z: Tensor2D, c: number) => Tensor2D> = {
  categorical: (z, c) => {
    const p = softmax(z);
    return mul(sqrt(columnOf(p, c)), sub(unit(c, z), p));
  },
  bernoulli: (z, c) => {
    const p = sigmoid(columnOf(z, c));
    return mul(sqrt(mul(mul(p, sub(1, p)), 1 / z.shape[1])), unit(c, z));
  },
  gaussian: (z, c) => mul(ones([z.shape[0], 1]), mul(unit(c, z), Math.sqrt(2 / z.shape[1]))),
};

const columnOf = (rows: Tensor2D, c: number): Tensor2D => slice(rows, [0, c], [-1, 1]);

/** e_c as a row [1, C]. */
const unit = (c: number, { shape }: Tensor2D): Tensor2D => unitTensor(c, [1, shape[1]]) as Tensor2D;

/** Zeros with a 1 at one place of the flattened tensor. */
export function unitTensor(place: number, shape: number[]): Tensor {
  const values = new Float32Array(util.sizeFromShape(shape));
  values[place] = 1;
  return tensor(values, shape);
}

/** Of the rows that each example has, one; zeros for the others. */
function onlyRow(z: Tensor, row: number, perExample: number): Tensor {
  if (perExample === 1) return z;
  const mask = unitTensor(row, [1, perExample, 1]);
  return reshape(mul(reshape(z, [z.shape[0]!, perExample, -1]), mask), z.shape);
}

/** √(w_i/N) r_i with r_i the gradient of the loss of example i by all its outputs: the loss holds w_i r_i/N. */
function empiricalVector(
  split: OutputSplit,
  outputs: readonly Variable[],
  weight: number,
  where: string,
): Tensor[] {
  const z = [...outputs];
  const examples = z[0]!.shape[0]!;
  const linearization = linearizeWith(() => split.loss(z), z, where);
  try {
    return tidy(() => {
      const gradients = linearization.parameters.unflatten(linearization.gradient);
      const rows = joinRows(gradients, examples);
      const shares = sharesOf(split.commonWeights(), examples);
      const vectors = mul(divNoNan(rows, sqrt(shares)), Math.sqrt(weight)) as Tensor2D;
      return splitRows(vectors, z);
    });
  } finally {
    linearization.dispose();
  }
}
