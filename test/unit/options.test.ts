import { describe, expect, expectTypeOf, it } from 'vitest';
import { CurvatureArgumentError } from '../../src/errors.js';
import type { Check, Schema } from '../../src/options.js';
import {
  abortSignal,
  anyInteger,
  byDefault,
  callable,
  either,
  flag,
  integer,
  list,
  mandatory,
  number,
  numbers,
  oneOf,
  or,
  readOptions,
  requireIs,
  unchecked,
} from '../../src/options.js';

describe('a check', () => {
  const rows: [string, Check<unknown>, unknown[], unknown[], string][] = [
    ['integer from', integer(1), [1, 7], [0, 1.5, NaN, '1', 1n, null, Infinity], 'an integer x >= 1'],
    ['integer in a range', integer(0, 3), [0, 3], [4, -1, Infinity], 'an integer x from 0 to 3'],
    ['any integer', anyInteger, [-3, 0], [0.5, Infinity, '0', 2 ** 53], 'an integer x'],
    ['number', number(), [-1e300, 0], [NaN, Infinity, '1', null, {}], 'a number x'],
    ['open range', number({ above: 0, below: 1 }), [0.5], [0, 1, NaN], 'a number x > 0 and < 1'],
    ['closed range', number({ from: 0, to: 1 }), [0, 1], [-1e-9, 1.1], 'a number x >= 0 and <= 1'],
    [
      'list of numbers',
      numbers({ above: 0 }),
      [[1], [0.5, 2]],
      [[], [0], [NaN], 1, ['1']],
      'x, a list of numbers > 0',
    ],
    ['word', oneOf('a', 'b', 'c'), ['a', 'c'], ['d', 0, null, ['a'], 'toString'], "x 'a', 'b' or 'c'"],
    ['truth value', flag, [true, false], [0, 'true', null], 'x true or false'],
    ['function', callable(), [() => 1, class {}], ['f', null, {}], 'a function x'],
    ['signal', abortSignal, [new AbortController().signal], [null, {}, 'abort'], 'an AbortSignal as x'],
    ['or null', or(integer(1), null), [null, 2], [0, 'null'], 'an integer x >= 1, or null'],
    ['either', either(integer(1), callable()), [2, () => 1], [0, null], 'an integer x >= 1, or a function x'],
    [
      'list',
      list('words', (x) => typeof x === 'string'),
      [['a']],
      [[], [1], 'a', Array(1)],
      'x, a list of words',
    ],
    ['unchecked', unchecked(), [null, Symbol('s')], [], 'x'],
  ];
  it.each(rows)('%s', (_, check, good, bad, expected) => {
    for (const value of good) expect(() => requireIs(value, check, 'x', 'f')).not.toThrow();
    for (const value of bad) {
      expect(() => requireIs(value, check, 'x', 'f')).toThrow(CurvatureArgumentError);
      expect(() => requireIs(value, check, 'x', 'f')).toThrow(`f: expected ${expected}, received `);
    }
  });
});

interface Options {
  readonly size?: number;
  readonly name?: string;
  readonly report?: (n: number) => void;
}

const schema = {
  size: byDefault(integer(1), 4),
  name: oneOf('left', 'right'),
  report: callable<(n: number) => void>(),
} satisfies Schema<Options>;

describe('readOptions', () => {
  it('fills in defaults, also for what is undefined, and leaves the rest open', () => {
    const settings = readOptions({ size: undefined } as unknown as Options, schema, 'f');
    expect(settings).toEqual({ size: 4, name: undefined, report: undefined });
    expectTypeOf(settings.size).toEqualTypeOf<number>();
    expectTypeOf(settings.name).toEqualTypeOf<string | undefined>();
  });

  it('reads each option once', () => {
    let reads = 0;
    const options = Object.defineProperty({}, 'size', { enumerable: true, get: () => ++reads });
    expect(readOptions(options as Options, schema, 'f').size).toBe(1);
    expect(reads).toBe(1);
  });

  it.each<[unknown, string]>([
    [{ size: 0 }, 'f: expected an integer size >= 1, received 0'],
    [{ size: null }, 'f: expected an integer size >= 1, received null'],
    [{ name: 'up' }, `f: expected name 'left' or 'right', received "up"`],
    [{ report: 1 }, 'f: expected a function report, received 1'],
    [{ sise: 1 }, 'f: expected options among size, name, report, received "sise" (did you mean size?)'],
    [3, 'f: expected an object {size, name, report}, received 3'],
    [null, 'f: expected an object {size, name, report}, received null'],
    [[], 'f: expected an object {size, name, report}, received []'],
    [Symbol('s'), 'f: expected an object {size, name, report}, received'],
    [Object.create(null) as object, ''],
  ])('says what is wrong with %s', (options, message) => {
    const read = (): unknown => readOptions(options as Options, schema, 'f');
    if (message === '') expect(read).not.toThrow();
    else expect(read).toThrow(message);
  });

  it('asks for an option that may not be left out, also by its type', () => {
    interface Needy {
      readonly size: number;
    }
    const needy = { size: mandatory(integer(1)) } satisfies Schema<Needy>;
    expect(() => readOptions({} as Needy, needy, 'f')).toThrow('an integer size >= 1, received undefined');
    // @ts-expect-error An option of the interface that has to be there is mandatory in the schema too.
    const lax: Schema<Needy> = { size: integer(1) };
    expect(Object.keys(lax)).toEqual(Object.keys(needy));
  });

  it('asks for the place of an option that has it elsewhere', () => {
    const read = (): unknown =>
      readOptions({ batch: 1 } as Options, schema, 'f', (name) => `Put ${name} there`);
    expect(read).toThrow('Put batch there');
  });
});

describe('the names of options', () => {
  interface Named {
    readonly k?: number;
    readonly damping?: number;
    readonly sampleWeight?: object;
  }
  const named = {
    k: integer(1),
    damping: number(),
    sampleWeight: unchecked<object>(),
  } satisfies Schema<Named>;

  it.each<[unknown, string]>([
    [{ dampng: 1 }, '"dampng" (did you mean damping?)'],
    [{ K: 2 }, '"K" (did you mean k?)'],
    [{ sampleWeights: 1 }, '"sampleWeights" (did you mean sampleWeight?)'],
    [{ tolerance: undefined }, '"tolerance"'],
    [{ toString: 1 }, '"toString"'],
  ])('refuses the unknown in %o', (options, received) => {
    const read = (): unknown => readOptions(options as Named, named, 'f');
    expect(read).toThrow(new CurvatureArgumentError('f', 'options among k, damping, sampleWeight', received));
  });

  it.each([undefined, () => 1, [1], { shape: [1], dtype: 'float32', k: 1 }])(
    'refuses %o for options',
    (options) => {
      const read = (): unknown => readOptions(options as Named, named, 'f');
      expect(read).toThrow('f: expected an object {k, damping, sampleWeight}, received ');
    },
  );
});
