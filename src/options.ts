/**
 * Options of public functions. One schema for each function says all there is to an option: its name, what it has to be,
 * and what it is where it is left out. The interface of the options, with their meaning, stands beside it; a schema that
 * lacks an option of the interface, or has one too many, does not compile.
 *
 * `@__NO_SIDE_EFFECTS__` tells bundlers that a schema may go with the function it belongs to, where a program uses neither.
 */

import { describe, isListOf, isTensor, requireArgument, requireThat } from './errors.js';
import { nearestName } from './nearest-name.js';

/** What a value has to be. */
export interface Check<T> {
  /** In words, with {name} for the name of the option. */
  readonly words: string;
  readonly accepts: (value: unknown) => boolean;
  /** What to write instead of what is not accepted. */
  readonly remedy?: string;
  /** Never there: the type that is accepted. */
  readonly type?: T;
}

/** A check, with the value of an option that is left out. */
export interface Defaulted<T> extends Check<T> {
  readonly fallback: T;
}

/** A check of an option that may not be left out. */
export interface Mandatory<T> extends Check<T> {
  readonly isMandatory: true;
}

/** The options of an interface, each with what it has to be. */
export type Schema<Options> = {
  readonly [Name in keyof Options]-?: object extends Pick<Options, Name>
    ? Check<Exclude<Options[Name], undefined>> | Check<Options[Name]>
    : Mandatory<Options[Name]>;
};

/** Options as they were given, with the defaults of a schema filled in. */
export type Settings<Options, S> = {
  readonly [Name in keyof S & keyof Options]: S[Name] extends { readonly fallback: unknown }
    ? Exclude<Options[Name], undefined>
    : Options[Name];
};

/** An option that is `fallback` where it is left out. */
/* @__NO_SIDE_EFFECTS__ */ export function byDefault<T>(check: Check<T>, fallback: T): Defaulted<T> {
  return { ...check, fallback };
}

/** An option that may not be left out. */
/* @__NO_SIDE_EFFECTS__ */ export function mandatory<T>(check: Check<T>): Mandatory<T> {
  return { ...check, isMandatory: true };
}

/** A check in words of its own, with {name} for the name of the option. */
/* @__NO_SIDE_EFFECTS__ */ export function check<T>(
  words: string,
  accepts: (value: unknown) => boolean,
): Check<T> {
  return { words, accepts };
}

/** A whole number in a range. */
/* @__NO_SIDE_EFFECTS__ */ export function integer(least: number, largest = Infinity): Check<number> {
  const range = largest === Infinity ? `>= ${least}` : `from ${least} to ${largest}`;
  const isInside = (value: number): boolean => value >= least && value <= largest;
  return check(
    `an integer {name} ${range}`,
    (value) => Number.isSafeInteger(value) && isInside(value as number),
  );
}

/** A whole number of either sign: a seed. */
export const anyInteger: Check<number> = check('an integer {name}', Number.isSafeInteger);

/** Limits of a number, which is finite. */
interface Range {
  readonly above?: number;
  readonly from?: number;
  readonly below?: number;
  readonly to?: number;
}

/** A finite number in a range. */
/* @__NO_SIDE_EFFECTS__ */ export function number(range: Range = {}): Check<number> {
  const { above = -Infinity, from = -Infinity, below = Infinity, to = Infinity } = range;
  const isInside = (value: number): boolean => value > above && value >= from && value < below && value <= to;
  const signs = { above: '>', from: '>=', below: '<', to: '<=' };
  const limits = Object.entries(range).map(([limit, at]) => `${signs[limit as keyof Range]} ${at}`);
  const words = `a number {name} ${limits.join(' and ')}`.trim();
  return check(words, (value) => Number.isFinite(value) && isInside(value as number));
}

/** A list, not empty, of what `accepts` holds of. */
/* @__NO_SIDE_EFFECTS__ */ export function list<T>(
  of: string,
  accepts: (entry: unknown) => boolean,
): Check<readonly T[]> {
  return check(`{name}, a list of ${of}`, (value) => isListOf(value, accepts) && value.length > 0);
}

/** A list of finite numbers, not empty, each in a range. */
/* @__NO_SIDE_EFFECTS__ */ export function numbers(range: Range = {}): Check<readonly number[]> {
  const { words, accepts } = number(range);
  return list(words.replace('a number {name}', 'numbers'), accepts);
}

/** A list of whole numbers, not empty, each at least `least`. */
/* @__NO_SIDE_EFFECTS__ */ export function integers(least: number): Check<readonly number[]> {
  const { words, accepts } = integer(least);
  return list(words.replace('an integer {name}', 'integers'), accepts);
}

/** One of some words. */
/* @__NO_SIDE_EFFECTS__ */ export function oneOf<T extends string>(...words: readonly T[]): Check<T> {
  const quoted = words.map((word) => `'${word}'`).join(', ');
  return check(`{name} ${quoted.replace(/, ([^,]*)$/, ' or $1')}`, (value) => words.includes(value as T));
}

/** Text. */
export const text: Check<string> = check('a text {name}', (value) => typeof value === 'string');

/** A truth value. */
export const flag: Check<boolean> = check('{name} true or false', (value) => typeof value === 'boolean');

/** Something to call. */
/* @__NO_SIDE_EFFECTS__ */ export function callable<F extends (...args: never[]) => unknown>(): Check<F> {
  return check('a function {name}', (value) => typeof value === 'function');
}

/** What can stop a run. */
export const abortSignal: Check<AbortSignal> = check(
  'an AbortSignal as {name}',
  (value) => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === 'function',
);

/** What one of two checks accepts. */
/* @__NO_SIDE_EFFECTS__ */ export function either<A, B>(first: Check<A>, second: Check<B>): Check<A | B> {
  const accepts = (value: unknown): boolean => first.accepts(value) || second.accepts(value);
  return check(`${first.words}, or ${second.words}`, accepts);
}

/** Another check, or one value besides. */
/* @__NO_SIDE_EFFECTS__ */ export function or<T, V extends number | null>(
  other: Check<T>,
  value: V,
): Check<T | V> {
  return either(
    other,
    check<V>(String(value), (given) => given === value),
  );
}

/** Whatever it is: its function looks at it itself. */
/* @__NO_SIDE_EFFECTS__ */ export function unchecked<T>(): Check<T> {
  return check('{name}', () => true);
}

/** Throws a CurvatureArgumentError that names `where` and `name` unless a value is what a check accepts. */
export function requireIs<T>(
  value: unknown,
  { accepts, words, remedy }: Check<T>,
  name: string,
  where: string,
): asserts value is T {
  const expected = words.replaceAll('{name}', () => name);
  requireArgument(accepts(value), where, expected, value, remedy);
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
  const checks = Object.entries<Check<unknown> & { readonly fallback?: unknown }>(schema);
  for (const [name, option] of checks) {
    const value = options[name as keyof Options] as unknown;
    if (value !== undefined) requireIs(value, option, name, where);
    settings[name] = value === undefined ? option.fallback : value;
  }
  for (const [name, option] of checks) {
    if ('isMandatory' in option) requireIs(settings[name], option, name, where);
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
