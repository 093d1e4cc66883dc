import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { areNumbers, requireArgument } from '../errors.js';
import type { Schema } from '../options.js';
import { check, readOptions, unchecked } from '../options.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { requireDirections } from './direction-set.js';

/** What may be said of directions that are handed over. */
export interface GivenDirections {
  /** The variables that the columns belong to, in order. Default: those of the step, in the order it gives them. */
  readonly variables?: readonly Variable[];
  /** Curvature along each direction. */
  readonly eigenvalues?: ArrayLike<number>;
}

const schema = {
  variables: unchecked<readonly Variable[]>(),
  eigenvalues: check<ArrayLike<number>>('{name} that are numbers', areNumbers),
} satisfies Schema<GivenDirections>;

/**
 * Checks directions that are handed over, but for their being orthonormal, which has to be read from the device.
 *
 * @param directions V [k, n], or null for none
 * @param known the variables of the columns where nothing else is said; null while they are not known
 * @returns the variables of the columns, null where not known, and a copy of the eigenvalues
 */
export function readGiven(
  directions: Tensor2D | null,
  given: GivenDirections,
  known: ParameterSpace | null,
  where: string,
): { parameters: ParameterSpace | null; eigenvalues: Float64Array | null } {
  const { variables, eigenvalues: numbers } = readOptions(given, schema, where);
  if (directions === null) return { parameters: null, eigenvalues: null };
  const parameters = variables == null ? known : parameterSpace(variables, where);
  requireDirections(directions, parameters, where);
  const eigenvalues = numbers == null ? null : Float64Array.from(numbers);
  requireArgument(
    eigenvalues == null || eigenvalues.length === directions.shape[0],
    where,
    `${directions.shape[0]} eigenvalues, one per direction`,
    eigenvalues?.length,
  );
  return { parameters, eigenvalues };
}
