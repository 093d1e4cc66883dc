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
  if (typeof f === 'function') return userFunction(f);
  const isKnown = typeof f === 'string' && Object.hasOwn(known, f);
  requireArgument(isKnown, where, "'exp', 'log', 'inverseSquareRoot' or a function of an eigenvalue", f);
  return known[f]!;
}
