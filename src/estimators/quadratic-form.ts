import type { Tensor1D } from '@tensorflow/tfjs-core';
import { tensor1d } from '@tensorflow/tfjs-core';
import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { NormalizedOperator } from '../solvers/normalized-operator.js';
import { innerProducts } from '../solvers/vector-arithmetic.js';

/** A vector of independent signs, owned by the caller: of all probes with unit variance the one of least spread. */
export function signs(random: SeededRandom, size: number): Tensor1D {
  return tensor1d(random.fillRademacher(new Float32Array(size)));
}

/** A vector of independent normal numbers, owned by the caller: no part of a range is orthogonal to it. */
export function normals(random: SeededRandom, size: number): Tensor1D {
  return tensor1d(random.fillNormal(new Float32Array(size)));
}

/** zᵀAz/s and ‖Az/s‖² for one probe, which is disposed: one product. */
export function* quadraticForm(
  products: NormalizedOperator,
  probe: Tensor1D,
): SolverSteps<{ form: number; square: number }> {
  let measures: Tensor1D;
  try {
    const image = yield* products.multiply(probe);
    measures = innerProducts([probe, image], [image, image]);
    image.dispose();
  } finally {
    probe.dispose();
  }
  const [form, square] = yield measures;
  return { form: form!, square: square! };
}
