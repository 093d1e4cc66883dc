import type { Schema } from '../../options.js';
import { anyInteger, byDefault, flag, integer, mandatory, number, oneOf } from '../../options.js';
import type { DriveOptions } from '../../tfjs/drive.js';
import { driveSchema } from '../../tfjs/drive.js';
import type { FisherOptions } from '../fisher.js';

/** Options of `KFACOperator`. */
export interface KFACOptions {
  /**
   * Which curvature is approximated: `'exact'`, the Gauss-Newton matrix, which is the Fisher matrix; `'monteCarlo'`, that of
   * sampled targets; `'empirical'`, that of the given ones. See `FisherOperator`. Default `'exact'`.
   */
  readonly type?: FisherOptions['type'];
  /**
   * How the positions count that share a kernel, such as the pixels of an image, the steps of a sequence and the calls of a
   * shared layer: `'expand'`, each as an example of its own; `'reduce'`, together, as the mean of their inputs and the sum
   * of their gradients, which is less work. Default `'expand'`. Without shared positions both are the same.
   */
  readonly setting?: 'expand' | 'reduce';
  /** EKFAC: eigenvectors of the factors, eigenvalues fitted to the gradients. Default false. */
  readonly correctEigenvalues?: boolean;
  /** Targets sampled per example, for `'monteCarlo'`; the error falls with the root of it. Default 1. */
  readonly samples?: number;
  /** Seed of the sampling. Default 0. */
  readonly seed?: number;
}

/** The schema of {@link KFACOptions}. */
export const kfacSchema = {
  type: byDefault(oneOf('exact', 'monteCarlo', 'empirical'), 'exact'),
  setting: byDefault(oneOf('expand', 'reduce'), 'expand'),
  correctEigenvalues: byDefault(flag, false),
  samples: byDefault(integer(1), 1),
  seed: byDefault(anyInteger, 0),
} satisfies Schema<KFACOptions>;

/** Options of `KFACOperator.inverse`. */
export interface KFACInverseOptions extends DriveOptions {
  /** δ ≥ 0; above 0 where a block is singular. */
  readonly damping: number;
  /**
   * `'exact'`: (A ⊗ B + δI)⁻¹. `'factored'`: (A + π√δ I)⁻¹ ⊗ (B + √δ/π I)⁻¹ with π² the ratio of the mean eigenvalues of A
   * and B, as in the paper; not with `correctEigenvalues`. Default `'exact'`.
   */
  readonly split?: 'exact' | 'factored';
}

const damping = mandatory(number({ from: 0 }));

/** The schema of {@link KFACInverseOptions}. */
export const inverseSchema = {
  damping,
  split: byDefault(oneOf('exact', 'factored'), 'exact'),
  ...driveSchema,
} satisfies Schema<KFACInverseOptions>;

/** Options of `KFACOperator.logDeterminant`. */
export interface KFACDeterminantOptions extends DriveOptions {
  /** δ ≥ 0; above 0 where a block is singular. */
  readonly damping: number;
}

/** The schema of {@link KFACDeterminantOptions}. */
export const determinantSchema = { damping, ...driveSchema } satisfies Schema<KFACDeterminantOptions>;
