import type { DataType, DataTypeMap, NumericDataType, Tensor1D } from '@tensorflow/tfjs-core';
import { clone, tensor1d } from '@tensorflow/tfjs-core';
import { byUser } from '../tfjs/run-scope.js';
import { CurvatureArgumentError } from '../errors.js';
import type { AnyOperator } from '../operators/async-operator.js';
import { answersAtOnce, laterProductOf } from '../operators/async-operator.js';
import { productOf } from '../operators/linear-operator.js';
import type { Reading, SolverSteps } from '../tfjs/drive.js';

/** Av as a new tensor, owned by the caller, wherever it is computed. */
export function* multiply(operator: AnyOperator, v: Tensor1D): SolverSteps<Tensor1D> {
  if (answersAtOnce(operator)) return productOf(operator, v);
  const values = yield clone(v);
  return tensor1d(yield new RemoteAnswer(byUser(() => laterProductOf(operator, values))));
}

/** The answer of an operator elsewhere, read like a tensor. */
export class RemoteAnswer implements Reading {
  constructor(private readonly values: Promise<Float32Array>) {
    // A run that is stopped before it has read the answer does not care what became of it.
    values.catch(() => {});
  }

  data<D extends DataType = NumericDataType>(): Promise<DataTypeMap[D]> {
    return this.values as Promise<DataTypeMap[D]>;
  }

  dataSync(): never {
    throw new CurvatureArgumentError(
      'NSGD.minimize',
      'an operator that answers at once, as its searches read synchronously',
      'one whose products are computed elsewhere',
    );
  }

  dispose(): void {}
}
