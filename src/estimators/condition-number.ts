import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import { shifted } from '../operators/shifted.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { requireOperator } from '../operators/linear-operator.js';
import type { DriveOptions } from '../solvers/drive.js';
import { driveAsync } from '../solvers/drive.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenResult } from '../solvers/result.js';
import type { SpectralNumber, SpectralOptions } from './norm.js';
import { spectralOptionNames } from './norm.js';

const where = 'conditionNumber';

/** Options of {@link conditionNumber}. */
export interface ConditionNumberOptions extends SpectralOptions {
  /** δ in A + δI. Default 0. */
  readonly damping?: number;
}

const conditionNumberOptionNames: OptionNames<ConditionNumberOptions & DriveOptions> = {
  damping: 'value',
  ...spectralOptionNames,
};

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
  requireOperator(operator, where);
  requireOptions(options, conditionNumberOptionNames, where);
  const { damping = 0, ...rest } = options;
  requireArgument(Number.isFinite(damping), where, 'a finite damping', damping);
  const system = shifted(operator, damping);
  const end = async (which: 'LA' | 'SA'): Promise<EigenResult> => {
    const result = await driveAsync(lanczosSteps(system, { ...rest, k: 1, which }, where), options);
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
