import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { concat, reshape, slice, tidy, zeros } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, describe, requireArgument, requireThat } from './errors.js';
import { remedyFor } from './remedies.js';
import { requireTensor } from './rows.js';
import { disposedVariable, requireLiveFloats, requireVariables } from './variables.js';

/**
 * An ordered list of float32 variables seen as one flat vector of R^n.
 *
 * The variables keep the order given; each is flattened row-major. The space owns no tensor.
 */
export class ParameterSpace {
  /** The variables, in order. */
  readonly variables: readonly Variable[];
  /** n, the number of scalar parameters. */
  readonly size: number;
  /** Where each variable begins in the flat vector. */
  readonly offsets: readonly number[];

  /**
   * Orders variables into one flat vector: the parameters θ of a loss.
   *
   * @param variables float32 variables, at least one, each once
   * @throws CurvatureArgumentError for an empty list, something that is no variable, another dtype, a disposed
   *   or a repeated variable
   */
  constructor(variables: readonly Variable[]) {
    requireDistinctVariables(variables, 'ParameterSpace');
    const offsets: number[] = [];
    let size = 0;
    for (const variable of variables) {
      offsets.push(size);
      size += variable.size;
    }
    this.variables = [...variables];
    this.offsets = offsets;
    this.size = size;
  }

  /** The names of the variables, in order. */
  get names(): string[] {
    return this.variables.map((variable) => variable.name);
  }

  /**
   * One flat vector from one tensor per variable.
   *
   * @param parts tensors shaped like the variables, in their order; `null` stands for zeros
   * @returns a new vector of shape [n], owned by the caller
   */
  flatten(parts: readonly (Tensor | null)[]): Tensor1D {
    const count = `${this.variables.length} tensors, one per variable`;
    requireArgument(Array.isArray(parts), 'ParameterSpace.flatten', count, parts);
    requireThat(parts.length === this.variables.length, 'ParameterSpace.flatten', count, `${parts.length}`);
    return tidy(() => {
      const rows = this.variables.map((variable, i) => {
        const part = parts[i];
        if (part == null) return zeros([variable.size]) as Tensor1D;
        if (part.size !== variable.size) {
          throw new CurvatureArgumentError(
            'ParameterSpace.flatten',
            `a tensor shaped like variable '${variable.name}' [${variable.shape}]`,
            describe(part),
          );
        }
        return reshape(part, [variable.size]) as Tensor1D;
      });
      return concat(rows);
    });
  }

  /**
   * One tensor per variable, shaped like it, from one flat vector.
   *
   * @param vector shape [n]
   * @returns new tensors in the order of the variables, owned by the caller
   */
  unflatten(vector: Tensor1D): Tensor[] {
    this.requireVector(vector, 'ParameterSpace.unflatten');
    return cutByVariable(this, vector);
  }

  /**
   * The present values of all variables as one new vector of shape [n], owned by the caller.
   *
   * @throws CurvatureArgumentError if a variable has been disposed
   */
  read(): Tensor1D {
    this.requireLive('ParameterSpace.read');
    return this.flatten(this.variables);
  }

  /**
   * Assigns one flat vector to the variables.
   *
   * @param vector shape [n], stays the caller's
   * @throws CurvatureArgumentError for another shape, or if a variable has been disposed
   */
  write(vector: Tensor1D): void {
    this.requireLive('ParameterSpace.write');
    this.requireVector(vector, 'ParameterSpace.write');
    const parts = cutByVariable(this, vector);
    this.variables.forEach((variable, i) => variable.assign(parts[i]!));
    for (const part of parts) part.dispose();
  }

  /**
   * Throws if a variable has been disposed, as those of a model are with it.
   *
   * @param where what the error names
   */
  requireLive(where: string): void {
    const gone = this.variables.find((variable) => variable.isDisposed);
    requireThat(gone == null, where, ...disposedVariable(gone?.name));
  }

  /**
   * Throws unless `vector` is a live float32 tensor of shape [n].
   *
   * @param vector stays the caller's
   * @param where what the error names
   */
  requireVector(vector: Tensor1D, where: string): void {
    requireVector(vector, this.size, where);
  }
}

/** The space of some variables; what is wrong with them is said in the name of `where`. */
export function parameterSpace(variables: readonly Variable[], where: string): ParameterSpace {
  requireDistinctVariables(variables, where);
  return new ParameterSpace(variables);
}

/** {@link ParameterSpace.unflatten} of a vector that has been checked. */
export function cutByVariable({ variables, offsets }: ParameterSpace, vector: Tensor1D): Tensor[] {
  return tidy(() =>
    variables.map(({ size, shape }, i) => reshape(slice(vector, [offsets[i]!], [size]), shape)),
  );
}

function requireDistinctVariables(variables: readonly Variable[], where: string): void {
  requireVariables(variables, 'a list of tf.Variable to differentiate with respect to', where);
  requireThat(
    variables.length > 0,
    where,
    'at least one tf.Variable to differentiate with respect to',
    'none',
  );
  requireLiveFloats(variables, where);
  const repeated = variables.find((variable, i) => variables.indexOf(variable) < i);
  requireThat(repeated == null, where, 'each variable once', `variable '${repeated?.name}' twice`);
  const isEmpty = variables.every(({ size }) => size === 0);
  requireThat(!isEmpty, where, 'variables with at least one element', 'only empty variables');
}

/** Throws unless `vector` is a live float32 tensor of shape [size]; the error names `where`. */
export function requireVector(vector: Tensor1D, size: number, where: string): void {
  const expected = `a float32 vector of shape [${size}]`;
  const isVector = (shape: readonly number[]): boolean => shape.length === 1 && shape[0] === size;
  const mayBeMended = vector?.shape == null || vector.size === size;
  requireTensor(vector, isVector, where, expected, mayBeMended ? remedyFor('vector', vector) : null);
}
