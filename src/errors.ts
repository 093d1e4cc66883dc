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
   * An error about one argument of a public function, whose message says all of the below.
   *
   * @param where public function or constructor that was called, e.g. `lanczos`
   * @param expected what the argument has to be
   * @param received what came instead, already formatted
   * @param remedy what to write instead, where what came tells what was meant
   */
  constructor(
    readonly where: string,
    readonly expected: string,
    readonly received: string,
    readonly remedy: string | null = null,
  ) {
    super(`${where}: expected ${expected}, received ${received}${remedy == null ? '' : `. ${remedy}`}`);
  }
}

/** Where a derivative failed, as far as it is known. */
export interface FailedDerivative {
  /** Layer that ran the op. */
  readonly layer?: string | null;
  /** Which derivative was asked for when it failed: 1 the first, 2 the second, … Default 1. */
  readonly order?: number;
  /** What TensorFlow.js itself says in this case; the message begins with it. */
  readonly sentence?: string;
}

/** The way out where only the second derivative is missing. */
export const byDifferences =
  "take products by differences: the option method: 'finiteDifference' of HessianOperator, or of refreshDirections for an " +
  'NSGD with refreshEvery: 0';

/** A function has an op on the way to what it is differentiated by that cannot be differentiated as often as asked. */
export class DifferentiationError extends Error {
  override readonly name = 'DifferentiationError';
  /** Layer that ran the op; null where none did. */
  readonly layer: string | null;
  /** Which derivative failed: 1 the first, 2 the second, … */
  readonly order: number;

  /**
   * An error about a derivative that cannot be had, whose message names what stands in the way.
   *
   * @param op kernel, function or custom gradient that stands in the way
   * @param problem what is wrong with it
   * @param remedy what the caller can do
   */
  constructor(
    readonly op: string,
    problem: string,
    readonly remedy: string,
    { layer = null, order = 1, sentence }: FailedDerivative = {},
  ) {
    const place = layer == null ? op : `${op} in layer '${layer}'`;
    super(`${sentence == null ? '' : `${sentence} `}${place}: ${problem}. ${remedy}`);
    this.layer = layer;
    this.order = order;
  }
}

/**
 * Throws a {@link CurvatureArgumentError} unless `condition` holds. `received` is formatted on failure only. A promise
 * that is refused may reject: nobody else waits for it.
 *
 * @param remedy what to write instead, for what was received
 */
export function requireArgument(
  condition: boolean,
  where: string,
  expected: string,
  received: unknown,
  remedy: string | null = null,
): asserts condition {
  if (condition) return;
  if (received instanceof Promise) received.catch(() => undefined);
  throw new CurvatureArgumentError(where, expected, describe(received), remedy);
}

/** Like {@link requireArgument}, with what came instead already in words. */
export function requireThat(
  condition: boolean,
  where: string,
  expected: string,
  received: string,
  remedy: string | null = null,
): asserts condition {
  if (!condition) throw new CurvatureArgumentError(where, expected, received, remedy);
}

/** Whether `value` is a list in which `is` holds of each entry. A hole is an entry, undefined: `every` alone passes it over. */
export function isListOf<T>(value: unknown, is: (entry: unknown) => boolean): value is readonly T[] {
  return Array.isArray(value) && Array.from(value as unknown[]).every(is);
}

/** Whether `value` is a list or a typed array of numbers. */
export function areNumbers(value: unknown): value is readonly number[] | Float32Array | Float64Array {
  const isView = ArrayBuffer.isView(value) && !(value instanceof DataView);
  return isListOf(isView ? Array.from(value as Float32Array) : value, (x) => typeof x === 'number');
}

/** Whether an object is a tensor, of whichever copy of TensorFlow.js. */
export function isTensor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value;
}

/** What was thrown, in words: anything can be. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A short, readable rendering of any value for an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value == null) return String(value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (Array.isArray(value)) {
    const isShort = value.length <= 8 && !value.some(Array.isArray);
    return isShort ? `[${value.map(describe).join(',')}]` : `array of length ${value.length}`;
  }
  if (typeof value === 'object') {
    if (isTensor(value)) {
      const { dtype, shape } = value as { dtype: unknown; shape: unknown };
      return `${'assign' in value ? 'variable' : 'tensor'} ${String(dtype)} [${String(shape)}]`;
    }
    // Its class is an anonymous one.
    if ('iterator' in value) return 'Dataset';
  }
  return (value as object).constructor?.name ?? 'Object';
}
