import type { DataId } from '@tensorflow/tfjs-core';
import { Variable } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, isListOf, requireArgument, requireThat } from './errors.js';
import { remedyFor } from './remedies.js';
import { registeredVariables } from './tfjs/engine.js';

/** A weight of a layer or a model. */
interface Weight {
  read(): unknown;
  readonly name?: string;
}

/**
 * The variables behind the weights of a model or a layer, each once: one that is used twice may be listed twice.
 *
 * @throws CurvatureArgumentError that names `where`, for weights that were disposed, as those of a model are with it
 */
export function weightVariables(weights: readonly Weight[], where: string): Variable[] {
  const variables = weights.map((weight) => {
    try {
      return weight.read() as Variable;
    } catch (cause) {
      const error = new CurvatureArgumentError(where, ...disposedVariable(weight.name));
      error.cause = cause;
      throw error;
    }
  });
  return [...new Set(variables)];
}

/** The variables that a model or a layer is trained by; of anything else, what was given. */
export function variablesOf<T>(target: T, where: string): T | Variable[] {
  const { trainableWeights } = (target ?? {}) as { readonly trainableWeights?: readonly Weight[] };
  return Array.isArray(trainableWeights) ? weightVariables(trainableWeights, where) : target;
}

/**
 * Of some variables those that a step can move: float32, trainable and alive, each once.
 *
 * @param variables default: all that exist, as in `Optimizer.minimize`
 */
export function trainableAmong(
  variables: readonly Variable[] = Object.values(registeredVariables()),
): Variable[] {
  return [...new Set(variables)].filter(
    (variable) => variable.trainable && variable.dtype === 'float32' && !variable.isDisposed,
  );
}

/** Throws a CurvatureArgumentError that names `where` unless `given` is a list of variables. */
export function requireVariables(
  given: unknown,
  expected: string,
  where: string,
): asserts given is readonly Variable[] {
  const isVariable = (entry: unknown): boolean => entry instanceof Variable;
  if (isListOf(given, isVariable)) return;
  const stray: unknown = Array.isArray(given) ? given.find((entry) => !isVariable(entry)) : given;
  requireArgument(false, where, expected, stray, remedyFor('variables', stray));
}

/** Throws a CurvatureArgumentError that names `where` unless all variables are float32 and live. */
export function requireLiveFloats(variables: readonly Variable[], where: string): void {
  for (const { name, dtype, isDisposed } of variables) {
    requireThat(!isDisposed, where, ...disposedVariable(name));
    requireThat(dtype === 'float32', where, 'float32 variables', `variable '${name}' of ${dtype}`);
  }
}

/** What is expected, received and to be done where a variable has been disposed. */
export function disposedVariable(
  name: string | undefined,
): [expected: string, received: string, remedy: string] {
  return [
    'variables that are not disposed, nor is the model they belong to',
    `variable '${name}', disposed`,
    'Dispose variables and models after what uses them',
  ];
}

/** The values that variables hold at one time. It keeps nothing on the device. */
export class PresentValues {
  /** @param data what the values are known by. Default: those of the moment in which this is made */
  constructor(
    private readonly variables: readonly Variable[],
    private readonly data: readonly DataId[] = variables.map(({ dataId }) => dataId),
  ) {}

  /** Whether the variables still hold them. */
  areCurrent(): boolean {
    return this.variables.every(({ dataId }, i) => dataId === this.data[i]);
  }

  /**
   * Throws if a variable has been assigned to or disposed since; the error names `where`.
   *
   * @param remark what became of the new value
   */
  requireCurrent(where: string, remark = ''): void {
    const expected = 'parameters that stay as they are while it runs';
    this.variables.forEach(({ name, isDisposed, dataId }, i) => {
      requireThat(!isDisposed, where, expected, `'${name}', disposed meanwhile`);
      requireThat(dataId === this.data[i], where, expected, `'${name}', assigned to meanwhile${remark}`);
    });
  }
}
