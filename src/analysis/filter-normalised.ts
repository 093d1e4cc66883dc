import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { divNoNan, mul, sqrt, square, sum, tidy, zerosLike } from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../parameters.js';

/**
 * A direction with the size of the weights, filter by filter: d_f ← d_f · ‖θ_f‖ / ‖d_f‖ (Li, Xu, Taylor, Studer and
 * Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018, section 4). A filter is what belongs to one
 * entry of the last axis: the weights into one unit of a dense layer, or to one channel of a convolution. Variables with
 * fewer than two axes, biases and the scales of normalisation, have no filters and get zeros, as in that paper.
 *
 * @param direction [n], stays the caller's
 * @returns a new vector [n], owned by the caller or the innermost tidy
 */
export function filterNormalised(parameters: ParameterSpace, direction: Tensor1D): Tensor1D {
  return tidy(() => {
    const parts = parameters.unflatten(direction);
    return parameters.flatten(parts.map((part, i) => sizedLike(part, parameters.variables[i]!)));
  });
}

function sizedLike(part: Tensor, weights: Tensor): Tensor {
  if (part.rank < 2) return zerosLike(part);
  // A filter of zeros, in the weights or in the direction, stays one.
  return mul(part, divNoNan(filterLengths(weights), filterLengths(part)));
}

function filterLengths(tensor: Tensor): Tensor {
  const axes = Array.from({ length: tensor.rank - 1 }, (_, axis) => axis);
  return sqrt(sum(square(tensor), axes, true));
}
