import { shifted } from '../operators/shifted.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { driveAsync } from '../solvers/drive.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenResult } from '../solvers/result.js';
import type { SpectralNumber, SpectralOptions } from './norm.js';

/** Options of {@link conditionNumber}. */
export interface ConditionNumberOptions extends SpectralOptions {
  /** δ in A + δI. Default 0. */
  readonly damping?: number;
}

/**
 * The condition number of a positive definite operator, κ(A + δI) = λ_max / λ_min, by Lanczos at either end.
 *
 * The products go to the small end. Below 2⁻²³ λ_max, some 1e-7 of it, an eigenvalue is lost in the rounding of
 * float32 products: a κ above 1e6 is an order of magnitude and no more.
 *
 * @param operator symmetric; stays the caller's
 * @param options see {@link ConditionNumberOptions}; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose. `status` is 'indefinite', and `value` Infinity, where λ_min is not
 *   positive beyond its residual
 * @throws CurvatureArgumentError as `lanczos` does
 * @example
 * const { value } = await conditionNumber(gaussNewton, { damping: 1e-3 });
 */
export async function conditionNumber(
  operator: LinearOperator,
  options: ConditionNumberOptions & { readonly signal?: AbortSignal } = {},
): Promise<SpectralNumber> {
  const { damping = 0, ...rest } = options;
  const system = shifted(operator, damping);
  const end = async (which: 'LA' | 'SA'): Promise<EigenResult> => {
    const result = await driveAsync(
      lanczosSteps(system, { ...rest, k: 1, which }, 'conditionNumber'),
      options,
    );
    result.dispose();
    return result;
  };
  const [largest, smallest] = [await end('LA'), await end('SA')];
  const [high, low] = [largest.eigenvalues[0]!, smallest.eigenvalues[0]!];
  const numMatvecs = largest.numMatvecs + smallest.numMatvecs;
  const failed = [largest, smallest].find(({ status }) => status !== 'converged');
  if (failed == null && low <= smallest.residualNorms[0]!) {
    return { value: Infinity, residualNorm: Infinity, status: 'indefinite', numMatvecs };
  }
  const value = high / low;
  const relative = largest.residualNorms[0]! / high + smallest.residualNorms[0]! / low;
  return { value, residualNorm: value * relative, status: failed?.status ?? 'converged', numMatvecs };
}
