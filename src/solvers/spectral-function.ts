import { requireArgument } from '../errors.js';
import { userFunction } from '../tfjs/run-scope.js';

/**
 * A function of the eigenvalues: e^λ, log λ, λ^(-1/2), or one of your own. Where it is no finite number it is undefined, as
 * log is at 0 and below.
 */
export type SpectralFunction = 'exp' | 'log' | 'inverseSquareRoot' | ((lambda: number) => number);

const known: Readonly<Record<string, (lambda: number) => number>> = {
  exp: Math.exp,
  log: (lambda) => (lambda > 0 ? Math.log(lambda) : NaN),
  inverseSquareRoot: (lambda) => (lambda > 0 ? 1 / Math.sqrt(lambda) : NaN),
};

/** The function that a name stands for. @throws CurvatureArgumentError that names `where` */
export function spectralFunction(f: SpectralFunction, where: string): (lambda: number) => number {
  if (typeof f === 'function') return numberOf(userFunction(f), where);
  const isKnown = typeof f === 'string' && Object.hasOwn(known, f);
  requireArgument(isKnown, where, "'exp', 'log', 'inverseSquareRoot' or a function of an eigenvalue", f);
  return known[f]!;
}

/** A function of the caller, which throws where its answer is no number, as that of a function of tensors is not. */
function numberOf(f: (lambda: number) => unknown, where: string): (lambda: number) => number {
  return (lambda) => {
    const value = f(lambda);
    const remedy = 'Write it with functions of numbers: Math.exp in place of tf.exp';
    requireArgument(typeof value === 'number', where, 'a function that returns a number', value, remedy);
    return value as number;
  };
}
