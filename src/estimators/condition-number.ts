import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { answersAtOnce, laterProductOf, requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { Schema } from '../options.js';
import { byDefault, number, readOptions } from '../options.js';
import { shifted } from '../operators/shifted.js';
import type { DriveOptions } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import { FLOAT32_EPSILON } from '../float32.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenResult } from '../solvers/result.js';
import { zeroThreshold } from '../solvers/zero-threshold.js';
import type { SpectralNumber, SpectralOptions } from './norm.js';
import { spectralSchema } from './norm.js';

const where = 'conditionNumber';

/** Options of {@link conditionNumber}. */
export interface ConditionNumberOptions extends SpectralOptions {
  /** δ in A + δI. Default 0. */
  readonly damping?: number;
}

/**
 * The condition number of a definite operator, κ(A + δI) = λ_max / λ_min, by Lanczos at either end.
 *
 * The products go to the small end. Below 2⁻²³ λ_max, some 1e-7 of it, an eigenvalue is lost in the rounding of
 * float32 products: a κ above 1e6 is an order of magnitude and no more, and from some 2e6 on the operator is 'singular'.
 *
 * @param operator symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link ConditionNumberOptions}; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose. `status` is 'indefinite' where both signs occur, 'singular' where an end
 *   of the spectrum is 0 as far as its residual and float32 tell, both with `value` Infinity; 'negativeDefinite' with
 *   κ = λ_min / λ_max, that of -A
 * @throws CurvatureArgumentError as `lanczos` does
 * @example
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 * const { value, status } = await conditionNumber(gaussNewton, { damping: 1e-3 });
 */
export async function conditionNumber(
  operator: LinearOperator | AsyncLinearOperator,
  options: ConditionNumberOptions & { readonly signal?: AbortSignal } = {},
): Promise<SpectralNumber> {
  requireAnyOperator(operator, where);
  const schema = {
    damping: byDefault(number(), 0),
    ...spectralSchema(operator.size),
  } satisfies Schema<ConditionNumberOptions & DriveOptions>;
  const { damping, ...settings } = readOptions(options, schema, where);
  const system = damped(operator, damping);
  const requireStill = guardParameters(operator, where);
  const end = async (which: 'LA' | 'SA'): Promise<EigenResult> => {
    const result = await driveAsync(
      lanczosSteps(system, { ...settings, k: 1, which }, where),
      settings,
      where,
      requireStill,
    );
    result.dispose();
    return result;
  };
  const [largest, smallest] = [await end('LA'), await end('SA')];
  const numMatvecs = largest.numMatvecs + smallest.numMatvecs;
  const [high, low] = [largest, smallest].map(({ eigenvalues, residualNorms }) => {
    return { value: eigenvalues[0]!, residualNorm: residualNorms[0]! };
  }) as [End, End];
  const [far, near] = Math.abs(low.value) > Math.abs(high.value) ? [low, high] : [high, low];
  const failed = [largest, smallest].find(({ status }) => status !== 'converged');
  const zero = await driveAsync(zeroThreshold(operator), settings, where, requireStill);
  const status = failed?.status ?? definiteness(far, near, zero);
  if (status === 'indefinite' || status === 'singular') {
    return { value: Infinity, residualNorm: Infinity, status, numMatvecs };
  }
  const value = far.value / near.value;
  // Products are rounded by so much of the larger end, which residuals in a space that is used up do not show.
  const rounding = FLOAT32_EPSILON * Math.abs(far.value);
  const errorOf = (end: End): number => Math.hypot(end.residualNorm, rounding) / Math.abs(end.value);
  const relative = errorOf(far) + errorOf(near);
  return { value, residualNorm: Math.abs(value) * relative, status, numMatvecs };
}

/** An end of the spectrum. */
interface End {
  readonly value: number;
  readonly residualNorm: number;
}

/** What the end of larger and that of smaller magnitude say of all eigenvalues, of which those up to `zero` are zero. */
function definiteness(far: End, near: End, zero: number): SpectralNumber['status'] {
  const lost = Math.max(near.residualNorm, 4 * FLOAT32_EPSILON * Math.abs(far.value), zero);
  if (Math.abs(near.value) <= lost) return 'singular';
  if (far.value * near.value < 0) return 'indefinite';
  return far.value < 0 ? 'negativeDefinite' : 'converged';
}

/** A + δI. */
function damped(operator: AnyOperator, damping: number): AnyOperator {
  if (damping === 0) return operator;
  if (answersAtOnce(operator)) return shifted(operator, damping);
  const multiply = async (v: Float32Array): Promise<Float32Array> => {
    const product = await laterProductOf(operator, v);
    return product.map((x, i) => x + damping * v[i]!);
  };
  const { magnitude } = operator;
  if (magnitude == null) return { size: operator.size, multiply };
  const larger = async (): Promise<number> => (await magnitude.call(operator)) + Math.abs(damping);
  return { size: operator.size, multiply, magnitude: larger };
}
