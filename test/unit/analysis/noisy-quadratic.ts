import * as tf from '@tensorflow/tfjs-core';
import type { Objective } from '../../../src/objectives/objective.js';
import { ParameterSpace } from '../../../src/parameters.js';
import type { EigenResult } from '../../../src/solvers/result.js';
import { eigenResult } from '../../../src/solvers/result.js';
import { variableOf } from '../../closed-form.js';

/**
 * L = mean over b of ½ Σ λ_i w_i² + b·w + c: a quadratic whose minibatch gradients differ. Its eigenvectors are the
 * unit vectors, its minibatches the terms, and everything the analyses measure is known in closed form.
 */
export interface NoisyQuadratic {
  readonly objective: Objective;
  readonly variable: tf.Variable;
  readonly eigenpairs: EigenResult;
  /** L at any point, in double precision. */
  loss(w: readonly number[]): number;
  /** The gradient of each term at the present point. */
  readonly gradients: number[][];
  dispose(): void;
}

export interface NoisyQuadraticSettings {
  readonly eigenvalues: readonly number[];
  readonly noise: readonly (readonly number[])[];
  readonly at: readonly number[];
  readonly offset?: number;
}

export function noisyQuadratic({
  eigenvalues,
  noise,
  at,
  offset = 10,
}: NoisyQuadraticSettings): NoisyQuadratic {
  const n = at.length;
  const diagonal = tf.tensor1d([...eigenvalues]);
  const linear = noise.map((b) => tf.tensor1d([...b]));
  const variable = variableOf([...at]);
  const weight = 1 / noise.length;
  const objective: Objective = {
    parameters: new ParameterSpace([variable]),
    terms: linear.map((b) => ({
      weight,
      loss: () =>
        tf.tidy(() => {
          const curved = tf.mul(tf.sum(tf.mul(diagonal, tf.square(variable))), 0.5);
          return tf.add(tf.add(curved, tf.sum(tf.mul(b, variable))), offset);
        }),
    })),
    source: 'noisyQuadratic',
    evaluate: (f) => f(),
  };
  const mean = at.map((_, i) => noise.reduce((sum, b) => sum + b[i]! * weight, 0));
  const eigenpairs = eigenResult({
    eigenvalues: Float64Array.from(eigenvalues),
    eigenvectors: tf.tidy(() => tf.eye(n) as tf.Tensor2D),
    residualNorms: new Float64Array(n),
    status: 'converged',
    numConverged: n,
    numMatvecs: 0,
    asymmetry: 0,
  });
  return {
    objective,
    variable,
    eigenpairs,
    loss: (w) => w.reduce((sum, x, i) => sum + 0.5 * eigenvalues[i]! * x * x + mean[i]! * x, offset),
    gradients: noise.map((b) => at.map((x, i) => eigenvalues[i]! * x + b[i]!)),
    dispose: () => {
      tf.dispose([diagonal, ...linear, variable]);
      eigenpairs.dispose();
    },
  };
}

/** A quadratic in four dimensions with three minibatches. */
export const fourDimensional: NoisyQuadraticSettings = {
  eigenvalues: [8, 3, 1, 0.5],
  noise: [
    [1, -0.5, 0.25, 0],
    [-2, 0.5, 0.5, 1],
    [0.5, 1, -1, 0.5],
  ],
  at: [0.5, -1, 2, 0.75],
};
