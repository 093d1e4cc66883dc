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

/** What an option has to be: something to call, an AbortSignal, or a value that its function looks at itself. */
type OptionKind<T> = [T] extends [(...args: never[]) => unknown]
  ? 'function'
  : [T] extends [AbortSignal]
    ? 'signal'
    : 'value';

/**
 * The names of all options of an interface, each with its kind. It stands beside the interface; one that lacks a name,
 * or has one too many, does not compile.
 */
export type OptionNames<Options> = {
  readonly [Name in keyof Options]-?: OptionKind<NonNullable<Options[Name]>>;
};

/**
 * Throws a {@link CurvatureArgumentError} unless `options` is an object that has no options but the known ones, with
 * a function wherever one is called and an AbortSignal for a signal. What is undefined counts as left out.
 */
export function requireOptions<Options extends object>(
  options: Options,
  known: OptionNames<Options>,
  where: string,
): void {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const names = Object.keys(known);
  requireArgument(isObject, where, `an object {${names.join(', ')}}`, options);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      const nearest = nearestName(name, names);
      const hint = nearest == null ? '' : ` (did you mean ${nearest}?)`;
      requireThat(false, where, `options among ${names.join(', ')}`, `${describe(name)}${hint}`);
    }
    const kind = known[name as keyof Options] as 'function' | 'signal' | 'value';
    if (value == null || kind === 'value') continue;
    if (kind === 'function') requireArgument(typeof value === 'function', where, `a function ${name}`, value);
    else requireArgument(isSignal(value), where, `an AbortSignal as ${name}`, value);
  }
}

function isSignal(value: unknown): boolean {
  return typeof (value as Partial<AbortSignal>).throwIfAborted === 'function';
}

/** The name that differs from `name` in a third of its letters at most; null if there is none. */
function nearestName(name: string, names: readonly string[]): string | null {
  const distances = names.map((other) => editDistance(name.toLowerCase(), other.toLowerCase()));
  const least = Math.min(...distances);
  return least <= name.length / 3 ? names[distances.indexOf(least)]! : null;
}

/** How many letters to insert, delete or replace to come from one word to the other (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
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
  if (typeof value === 'object' && 'shape' in value && 'dtype' in value) {
    return `tensor ${String(value.dtype)} [${String(value.shape)}]`;
  }
  return (value as object).constructor?.name ?? 'Object';
}
