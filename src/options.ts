/**
 * Options of public functions. One schema for each function says all there is to an option: its name, what it has to be,
 * and what it is where it is left out. The interface of the options, with their meaning, stands beside it; a schema that
 * lacks an option of the interface, or has one too many, does not compile.
 */

import { describe, requireArgument, requireThat } from './errors.js';
import { nearestName } from './nearest-name.js';

/** What a value has to be. */
export interface Check<T> {
  /** In words, with the name of the option in them. */
  readonly expected: (name: string) => string;
  readonly accepts: (value: unknown) => boolean;
  /** Never there: the type that is accepted. */
  readonly type?: T;
}

/** A check, with the value of an option that is left out. */
export interface Defaulted<T> extends Check<T> {
  readonly fallback: T;
}

/** The options of an interface, each with what it has to be. */
export type Schema<Options> = {
  readonly [Name in keyof Options]-?: Check<NonNullable<Options[Name]>> | Check<Options[Name]>;
};

/** Options as they were given, with the defaults of a schema filled in. */
export type Settings<Options, S> = {
  readonly [Name in keyof S & keyof Options]: S[Name] extends { readonly fallback: unknown }
    ? Exclude<Options[Name], undefined>
    : Options[Name];
};

/** An option that is `fallback` where it is left out. */
export function byDefault<T>(check: Check<T>, fallback: T): Defaulted<T> {
  return { ...check, fallback };
}

const isFinite = (value: unknown): value is number => Number.isFinite(value);
const quoted = (names: readonly string[]): string => {
  const all = names.map((name) => `'${name}'`);
  return all.length < 2 ? all.join() : `${all.slice(0, -1).join(', ')} or ${all.at(-1)!}`;
};

/** A whole number. `largest` may be Infinity, and then the value as well. */
export function integer(least: number, largest = Infinity): Check<number> {
  const range = largest === Infinity ? `>= ${least}` : `from ${least} to ${largest}`;
  return {
    expected: (name) => `an integer ${name} ${range}`,
    accepts: (value) =>
      (Number.isSafeInteger(value) || value === Infinity) &&
      (value as number) >= least &&
      (value as number) <= largest,
  };
}

/** A whole number of either sign: a seed. */
export const anyInteger: Check<number> = {
  expected: (name) => `an integer ${name}`,
  accepts: Number.isSafeInteger,
};

/** Limits of a number, which is finite. */
interface Range {
  readonly above?: number;
  readonly from?: number;
  readonly below?: number;
  readonly to?: number;
}

/** A finite number in a range. */
export function number({
  above = -Infinity,
  from = -Infinity,
  below = Infinity,
  to = Infinity,
}: Range = {}): Check<number> {
  const limits = [
    above > -Infinity && `> ${above}`,
    from > -Infinity && `>= ${from}`,
    below < Infinity && `< ${below}`,
    to < Infinity && `<= ${to}`,
  ].filter((limit) => limit !== false);
  const range = limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
  return {
    expected: (name) => `a number ${name}${range}`,
    accepts: (value) => isFinite(value) && value > above && value >= from && value < below && value <= to,
  };
}

/** A list of finite numbers, not empty, each in a range. */
export function numbers(range: Range = {}): Check<readonly number[]> {
  const each = number(range);
  return {
    expected: (name) => `${name}, a list of ${each.expected('').replace('a number ', 'numbers').trim()}`,
    accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(each.accepts),
  };
}

/** One of some words. */
export function oneOf<T extends string>(...names: readonly T[]): Check<T> {
  return { expected: (name) => `${name} ${quoted(names)}`, accepts: (value) => names.includes(value as T) };
}

/** A truth value. */
export const flag: Check<boolean> = {
  expected: (name) => `${name} true or false`,
  accepts: (value) => typeof value === 'boolean',
};

/** Something to call. */
export function callable<F extends (...args: never[]) => unknown>(): Check<F> {
  return { expected: (name) => `a function ${name}`, accepts: (value) => typeof value === 'function' };
}

/** What can stop a run. */
export const abortSignal: Check<AbortSignal> = {
  expected: (name) => `an AbortSignal as ${name}`,
  accepts: (value) => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === 'function',
};

/** Null, or what another check accepts. */
export function orNull<T>(check: Check<T>): Check<T | null> {
  return {
    expected: (name) => `${check.expected(name)}, or null`,
    accepts: (value) => value === null || check.accepts(value),
  };
}

/** Whatever it is: its function looks at it itself. */
export function unchecked<T>(): Check<T> {
  return { expected: (name) => name, accepts: () => true };
}

/** A check in words of its own. */
export function check<T>(expected: (name: string) => string, accepts: (value: unknown) => boolean): Check<T> {
  return { expected, accepts };
}

/** Throws a CurvatureArgumentError that names `where` and `name` unless a value is what a check accepts. */
export function requireIs<T>(
  value: unknown,
  { accepts, expected }: Check<T>,
  name: string,
  where: string,
): asserts value is T {
  requireArgument(accepts(value), where, expected(name), value);
}

/**
 * The options of a call, checked, with defaults filled in. What is undefined counts as left out.
 *
 * @param remedyFor what to write instead of an unknown option, where it has its place elsewhere
 * @throws CurvatureArgumentError that names `where`, for what is no object, for an option that is none, and for a value
 *   that is not what its option has to be
 */
export function readOptions<Options extends object, const S extends Schema<Options>>(
  options: Options,
  schema: S & Schema<Options>,
  where: string,
  remedyFor: (unknown: string) => string | null = () => null,
): Settings<Options, S> {
  requireNames(options, Object.keys(schema), where, remedyFor);
  const settings: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(schema) as [string, Check<unknown> | Defaulted<unknown>][]) {
    const value = options[name as keyof Options] as unknown;
    if (value !== undefined) requireIs(value, option, name, where);
    settings[name] = value === undefined && 'fallback' in option ? option.fallback : value;
  }
  return settings as Settings<Options, S>;
}

/** Throws unless `options` is an object without other members than those with a name. */
function requireNames(
  options: object,
  names: readonly string[],
  where: string,
  remedyFor: (unknown: string) => string | null,
): void {
  const isObject =
    typeof options === 'object' && options !== null && !Array.isArray(options) && !isTensor(options);
  requireArgument(isObject, where, `an object {${names.join(', ')}}`, options);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const remedy = remedyFor(name);
    const nearest = remedy == null ? nearestName(name, names) : null;
    const hint = nearest == null ? '' : ` (did you mean ${nearest}?)`;
    requireThat(false, where, `options among ${names.join(', ')}`, `${describe(name)}${hint}`, remedy);
  }
}

function isTensor(value: object): boolean {
  return 'shape' in value && 'dtype' in value;
}
