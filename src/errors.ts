/**
 * The three kinds of failure are kept apart. A wrong argument throws a {@link CurvatureArgumentError} that
 * names the function, what it requires and what it received. A loss that cannot be differentiated twice
 * throws a {@link DifferentiationError} that names the op and the way out. Numbers that did not work out
 * never throw: solvers return a `status` with residuals.
 */

/** An argument broke the contract of a public function. */
export class CurvatureArgumentError extends Error {
  override readonly name = 'CurvatureArgumentError';

  /**
   * @param where public function or constructor that was called, e.g. `lanczos`
   * @param expected what the argument has to be
   * @param received what came instead, already formatted
   */
  constructor(
    readonly where: string,
    readonly expected: string,
    readonly received: string,
  ) {
    super(`${where}: expected ${expected}, received ${received}`);
  }
}

/** A loss has an op on the way from the variables that cannot be differentiated as asked. */
export class DifferentiationError extends Error {
  override readonly name = 'DifferentiationError';

  /**
   * @param op kernel or custom gradient that stands in the way
   * @param problem what is wrong with it
   * @param remedy what the caller can do
   */
  constructor(
    readonly op: string,
    problem: string,
    readonly remedy: string,
  ) {
    super(`${op}: ${problem}. ${remedy}`);
  }
}

/** Throws a {@link CurvatureArgumentError} unless `condition` holds. `received` is formatted on failure only. */
export function requireArgument(
  condition: boolean,
  where: string,
  expected: string,
  received: unknown,
): asserts condition {
  if (!condition) throw new CurvatureArgumentError(where, expected, describe(received));
}

/** Like {@link requireArgument}, with what came instead already in words. */
export function requireThat(
  condition: boolean,
  where: string,
  expected: string,
  received: string,
): asserts condition {
  if (!condition) throw new CurvatureArgumentError(where, expected, received);
}

/** A short, readable rendering of any value for an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value == null) return String(value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (Array.isArray(value))
    return value.length > 8 ? `array of length ${value.length}` : JSON.stringify(value);
  if (typeof value === 'object' && 'shape' in value && 'dtype' in value) {
    return `tensor ${String(value.dtype)} [${String(value.shape)}]`;
  }
  return Object.prototype.toString.call(value).slice(8, -1);
}
