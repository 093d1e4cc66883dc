import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, keep, matMul, reshape, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import type { LinearOperator } from '../operators/linear-operator.js';
import { productsOf } from '../operators/linear-operator.js';
import { symmetricEigen } from '../symmetric-eigen.js';
import type { SolverSteps } from '../tfjs/drive.js';

/**
 * Smallest eigenvalue of the Gram matrix of the normalised rows that are made orthonormal in one go: float32 rows
 * then come out orthonormal to 1e-7 / 1e-3 = 1e-4.
 */
const leastIndependence = 1e-3;

/** Orthonormal rows with their Rayleigh quotients. */
export interface IteratedSubspace {
  /** [k, n], kept, owned by the caller. */
  readonly rows: Tensor2D;
  /** [k], largest first: the Ritz values of the rows before the iteration. */
  readonly eigenvalues: Float64Array;
}

/**
 * One step of subspace iteration with a Rayleigh–Ritz rotation (Saad, "Numerical Methods for Large Eigenvalue
 * Problems", 2011, section 5.1): from V, W = VA; VAVᵀ = UΛUᵀ; the new rows are UᵀW made orthonormal symmetrically
 * (Löwdin 1950), which changes them least. An error along an eigenvector of λ' shrinks by |λ'/λ_k|, so this follows
 * a subspace that is nearly right and drifts; it does not find one.
 *
 * @param rows V [k, n], orthonormal; stays the caller's
 * @returns null if the numbers are not finite or W has lost rank. Cost: k products
 */
export function* iterateSubspace(
  operator: Pick<LinearOperator, 'size' | 'matvec'>,
  rows: Tensor2D,
): SolverSteps<IteratedSubspace | null> {
  const [k] = rows.shape;
  const products = keep(productsOf(operator, rows));
  try {
    const values = yield tidy(() => {
      const projected = matMul(rows, products, false, true);
      const gram = matMul(products, products, false, true);
      return keep(reshape(concat([projected, gram]), [2 * k * k]));
    });
    if (!values.every(Number.isFinite)) return null;
    const ritz = symmetricEigen(k, (i, j) => values[k * i + j]!, 'LA');
    const weights = orthonormalizer(
      Matrix.from1DArray(k, k, values.subarray(k * k)),
      new Matrix(ritz.vectors),
    );
    if (weights == null) return null;
    const next = tidy(() => keep(matMul<Tensor2D>(tensor2d(weights.to1DArray(), [k, k]), products)));
    return { rows: next, eigenvalues: ritz.values };
  } finally {
    products.dispose();
  }
}

/** The weights B for which BW is orthonormal and closest to UᵀW, given WWᵀ and Uᵀ; null if W has lost rank. */
function orthonormalizer(gram: Matrix, rotation: Matrix): Matrix | null {
  const rotated = rotation.mmul(gram).mmul(rotation.transpose());
  const scales = rotated.diagonal().map((square) => 1 / Math.sqrt(square));
  if (!scales.every(Number.isFinite)) return null;
  const scale = Matrix.diag(scales);
  const normalized = scale.mmul(rotated).mmul(scale);
  const { values, vectors } = symmetricEigen(gram.rows, (i, j) => normalized.get(i, j), 'LA');
  if (!(values.at(-1)! > leastIndependence)) return null;
  const basis = new Matrix(vectors);
  const roots = Matrix.diag(Array.from(values, (value) => 1 / Math.sqrt(value)));
  const inverseRoot = basis.transpose().mmul(roots).mmul(basis);
  return inverseRoot.mmul(scale).mmul(rotation);
}
