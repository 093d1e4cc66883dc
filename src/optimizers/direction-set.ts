import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import {
  abs,
  clone,
  concat,
  engine,
  eye,
  keep,
  matMul,
  max,
  reshape,
  slice,
  sub,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe, requireArgument } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import type { SolverSteps } from '../solvers/drive.js';

/**
 * How far V Vᵀ may be from the identity, entry by entry: float32 directions of a solver are within 1e-6, and an
 * error of 1e-3 changes a step by as much.
 */
const orthonormalityTolerance = 1e-3;

/**
 * Orthonormal directions V [k, n] of parameter space, with the variables their columns belong to.
 *
 * Immutable. Owns its tensor.
 */
export class DirectionSet {
  /**
   * @param rows V [k, n], kept; the set takes it over
   * @param eigenvalues curvature along each row, where known
   * @param parameters the variables of the columns; null until the first step tells
   * @param step the step at which the directions were found
   */
  constructor(
    readonly rows: Tensor2D,
    readonly eigenvalues: Float64Array | null,
    readonly parameters: ParameterSpace | null,
    readonly step: number,
  ) {}

  /** Whether the columns belong to exactly these variables, in this order. */
  belongsTo({ variables }: ParameterSpace): boolean {
    const own = this.parameters?.variables;
    return own?.length === variables.length && own.every((variable, i) => variable === variables[i]);
  }

  /**
   * The same directions with columns for other variables: those in common keep theirs, new ones get zeros, so
   * that they are stepped as SGD would.
   *
   * @returns a new set owned by the caller; null if the variables of this one no longer exist
   * @throws CurvatureArgumentError if the width does not fit, or no variable is common and the old ones live on
   */
  laidOutFor(parameters: ParameterSpace): DirectionSet | null {
    const own = this.parameters;
    if (own == null) {
      requireWidth(this.rows, parameters);
      return new DirectionSet(keep(clone(this.rows)), this.eigenvalues, parameters, this.step);
    }
    const begins = new Map(own.variables.map((variable, i) => [variable, own.offsets[i]!]));
    if (!parameters.variables.some((variable) => begins.has(variable))) {
      if (own.variables.every((variable) => !isRegistered(variable))) return null;
      throw new CurvatureArgumentError(
        'NSGD',
        `variables of the model its directions belong to ('${own.names[0]}', …): one NSGD serves one model`,
        `gradients of '${parameters.names[0]}', … only`,
      );
    }
    const [k] = this.rows.shape;
    const columns = (variable: Variable): Tensor2D => {
      const begin = begins.get(variable);
      return begin == null ? zeros([k, variable.size]) : slice(this.rows, [0, begin], [k, variable.size]);
    };
    const rows = tidy(() => keep(concat(parameters.variables.map(columns), 1)));
    return new DirectionSet(rows, this.eigenvalues, parameters, this.step);
  }

  /** One vector from the tensors of some variables; zeros for a variable without one. The caller disposes it. */
  flatten(parts: ReadonlyMap<Variable, Tensor>): Tensor1D {
    const parameters = this.parameters!;
    return parameters.flatten(parameters.variables.map((variable) => parts.get(variable) ?? null));
  }

  /** A vector cut into one tensor per variable. The caller disposes them. */
  unflatten(vector: Tensor1D): Map<Variable, Tensor> {
    const parameters = this.parameters!;
    const parts = parameters.unflatten(vector);
    return new Map(parameters.variables.map((variable, i) => [variable, parts[i]!]));
  }

  dispose(): void {
    this.rows.dispose();
  }
}

/** Throws unless `directions` is a float32 tensor [k, n] with k ≥ 1, and n that of the parameters where known. */
export function requireDirections(directions: Tensor2D, parameters: ParameterSpace | null): void {
  const where = 'NSGD.setDirections';
  requireArgument(
    directions?.rank === 2 &&
      directions.dtype === 'float32' &&
      directions.shape[0] > 0 &&
      !directions.isDisposed,
    where,
    'a live float32 tensor of orthonormal rows [k, n]',
    directions,
  );
  if (parameters != null) requireWidth(directions, parameters);
}

/**
 * Checks that the rows of V are orthonormal, |V Vᵀ − I| ≤ 1e-3 entry by entry.
 *
 * @throws CurvatureArgumentError from the driver of the steps if they are not
 */
export function* checkOrthonormal(directions: Tensor2D): SolverSteps<void> {
  const error = tidy(() => {
    const gram = matMul(directions, directions, false, true);
    return keep(reshape(max(abs(sub(gram, eye(directions.shape[0])))), [1]));
  });
  const [largest] = yield error;
  if (largest! <= orthonormalityTolerance) return;
  throw new CurvatureArgumentError(
    'NSGD.setDirections',
    'orthonormal rows, |V Vᵀ − I| ≤ 1e-3',
    `rows with |V Vᵀ − I| = ${largest!.toPrecision(3)}`,
  );
}

function requireWidth(directions: Tensor2D, parameters: ParameterSpace): void {
  requireArgument(
    directions.shape[1] === parameters.size,
    'NSGD.setDirections',
    `directions of shape [k, ${parameters.size}], one column per trainable parameter`,
    describe(directions),
  );
}

function isRegistered(variable: Variable): boolean {
  return engine().registeredVariables[variable.name] === variable;
}
