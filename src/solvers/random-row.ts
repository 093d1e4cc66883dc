import { tensor1d } from '@tensorflow/tfjs-core';
import { DOUBTFUL } from '../float32.js';
import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { KrylovBasis } from './basis.js';
import { candidateOf, discard } from './candidate.js';
import { orthogonalize } from './orthogonalize.js';

/**
 * Adds a random direction orthogonal to all rows, unless they span their space.
 *
 * @returns whether there is a new row
 */
export function* appendRandom(basis: KrylovBasis, random: SeededRandom): SolverSteps<boolean> {
  if (basis.rows >= basis.size) return false;
  const candidate = candidateOf(tensor1d(random.fillCentered(new Float32Array(basis.size))));
  const { coefficients, remainder } = yield* orthogonalize(basis, candidate);
  const isNew = remainder > DOUBTFUL * Math.hypot(...coefficients, remainder);
  if (isNew) basis.append(candidate);
  else discard(candidate);
  return isNew;
}
