import type { Variable } from '@tensorflow/tfjs-core';
import { PresentValues } from '../variables.js';

/** Hands out the operators that an operator is made of, whose parameters are its own. */
export const operandsOf: unique symbol = Symbol('tfjs-curvature.operands');

/**
 * Watches the parameters that an operator depends on, during work that goes on after an `await`: assigned to in between,
 * by training for example, the products before and after belong to different matrices.
 *
 * @param operator one of this package that differentiates, or is made of such; of any other nothing is known
 * @param where the public function that works
 * @returns to be called after an `await`: throws a CurvatureArgumentError that names `where` if a parameter has been
 *   assigned to or disposed since
 */
export function guardParameters(operator: object, where: string): () => void {
  const known = new PresentValues(variablesBehind(operator));
  return () => known.requireCurrent(where);
}

function variablesBehind(operator: object): readonly Variable[] {
  const { [operandsOf]: operands, parameters } = operator as {
    readonly [operandsOf]?: readonly object[];
    readonly parameters?: { readonly variables?: readonly Variable[] };
  };
  if (operands != null) return operands.flatMap(variablesBehind);
  return Array.isArray(parameters?.variables) ? (parameters.variables as Variable[]) : [];
}
