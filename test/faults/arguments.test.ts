import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CurvatureArgumentError, DifferentiationError } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';
import type { PublicFunction } from './exports.js';
import { publicFunctions, publicNames } from './exports.js';

await useBackend('cpu');
const { functions } = publicFunctions();

const disposed = (): tf.Tensor => {
  const tensor = tf.tensor1d([1, 2, 3]);
  tensor.dispose();
  return tensor;
};

/** What a value throws when it is looked at: it comes through as it is. */
class Trap extends Error {}
const snap = (): never => {
  throw new Trap();
};

/** What nobody should pass. Made anew for each call. */
const strange: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  'a negative number': () => -1,
  'a fraction': () => 0.5,
  NaN: () => NaN,
  Infinity: () => Infinity,
  'a huge number': () => 1e308,
  'an empty string': () => '',
  'a string': () => 'toString',
  'the name of a prototype': () => '__proto__',
  'a symbol': () => Symbol('s'),
  'a bigint': () => 10n,
  'an empty object': () => ({}),
  'an object without prototype': () => Object.create(null) as object,
  'a list of null': () => [null],
  'an empty list': () => [],
  'a list of lists': () => [[[]]],
  'a date': () => new Date(0),
  'a function': () => () => undefined,
  'a function that throws nothing and returns text': () => () => 'x',
  'a promise': () => Promise.resolve(1),
  'a disposed tensor': disposed,
  'minus zero': () => -0,
  'the largest safe integer': () => Number.MAX_SAFE_INTEGER,
  'a huge bigint': () => 2n ** 80n,
  'a number as an object': () => Object(1) as unknown,
  'a frozen object': () => Object.freeze({ shape: [1], dtype: 'float32' }),
  'a map': () => new Map([['a', 1]]),
  'a regular expression': () => /a/,
  'a typed array of nothing': () => new Float32Array(),
  'a list with holes': () => new Array(3),
  'a list of symbols': () => [Symbol('s')],
  'a list of itself': () => {
    const list: unknown[] = [];
    list.push(list);
    return list;
  },
  'an object that is no text': () => ({ toString: snap, valueOf: snap }),
  'a getter that throws': () =>
    Object.defineProperty({}, 'shape', { get: snap, enumerable: true, configurable: true }),
  'a proxy that throws': () => new Proxy({}, { get: snap, has: snap, ownKeys: snap, getPrototypeOf: snap }),
  'a proxy that has everything': () => new Proxy({}, { get: () => 1, has: () => true }),
  'a function that has everything': () => new Proxy(() => undefined, { get: () => 1, has: () => true }),
  'integers on the device': () => tf.tensor1d([1, 2, 3], 'int32'),
};

/** The options of a function, as it names them itself. */
async function optionsOf({ call, args }: PublicFunction): Promise<string[]> {
  const options = { ...(args.at(-1) as object), nonsense: 1 };
  const error = await outcome(() => call(...([...args.slice(0, -1), options] as never[])));
  const [, names] = /options among (.*), received "nonsense"/.exec((error as Error).message)!;
  return names!.split(', ');
}

/** What a call throws or rejects with; undefined where it goes well. Tensors that it returns are disposed. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    const result = await call();
    if (result instanceof tf.Tensor) result.dispose();
    else if (typeof (result as { dispose?: unknown } | null)?.dispose === 'function') {
      const { dispose } = result as { dispose: () => unknown };
      // The objects given are the test's, and some functions hand them back.
      if (!(result instanceof Promise)) dispose.call(result);
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Calls with strange values are given up after a while: a value that is taken may ask for much work. What a value throws
 * itself comes through.
 */
const isStopped = (error: unknown): boolean =>
  error instanceof Trap || (error as { name?: string } | null)?.name === 'TimeoutError';

async function refusals(name: string, calls: Record<string, () => unknown>): Promise<string[]> {
  const wrong: string[] = [];
  const subject = name.split('.')[0]!;
  for (const [what, call] of Object.entries(calls)) {
    const { numTensors } = tf.memory();
    const error = await outcome(call);
    if (error === undefined || isStopped(error)) continue;
    // A function need not depend on all that it is given.
    const isUnconnected = error instanceof DifferentiationError && error.op === subject;
    const where = error instanceof CurvatureArgumentError ? error.where : `${String(error)}`;
    if (!isUnconnected && !(error instanceof CurvatureArgumentError && where.startsWith(subject)))
      wrong.push(`${what}: ${where}`);
    else if (tf.memory().numTensors > numTensors + 1) wrong.push(`${what}: leaves tensors`);
  }
  return wrong;
}

describe.each(Object.keys(functions))('%s', (name) => {
  it('refuses strange arguments by name', async () => {
    const { call, args } = functions[name]!;
    const calls: Record<string, () => unknown> = {};
    args.forEach((_, i) => {
      for (const [what, value] of Object.entries(strange)) {
        calls[`argument ${i + 1}, ${what}`] = () =>
          call(...(args.map((arg, j) => (j === i ? value() : arg)) as never[]));
      }
    });
    expect(await refusals(name, calls)).toEqual([]);
  });

  it('refuses strange options by name', async () => {
    const one = functions[name]!;
    if (one.hasOptions !== true) return;
    const { call, args } = one;
    const options = await optionsOf(one);
    const calls: Record<string, () => unknown> = {};
    for (const option of options) {
      for (const [what, value] of Object.entries(strange)) {
        calls[`${option}, ${what}`] = () => {
          const given = { ...(args.at(-1) as object), [option]: value() };
          const stopped = options.includes('signal') && option !== 'signal';
          const signal = stopped ? { signal: AbortSignal.timeout(100) } : {};
          return call(...([...args.slice(0, -1), { ...given, ...signal }] as never[]));
        };
      }
    }
    expect(await refusals(name, calls)).toEqual([]);
  });

  it('refuses anything by name', async () => {
    const { call, args } = functions[name]!;
    const count = process.env.FAULTS === 'all' ? 300 : 15;
    await fc.assert(
      fc.asyncProperty(fc.nat(args.length - 1), fc.anything(), async (i, value) => {
        const changed = args.map((arg, j) => (j === i ? value : arg)) as never[];
        expect(await refusals(name, { [fc.stringify(value)]: () => call(...changed) })).toEqual([]);
      }),
      { seed: 14, numRuns: count },
    );
  });
});

it('has every public name that takes arguments', () => {
  const called = Object.keys(functions).map((name) => name.split('.')[0]!);
  // Errors, tables and what takes no argument.
  const others = [
    ...['CurvatureArgumentError', 'DifferentiationError', 'MissingPackageError', 'WorkersLostError'],
    ...['createShardService', 'escapeVariants', 'registerChainedOps', 'registerExactGradients'],
    'registerWasmTrainingKernels',
  ];
  expect(publicNames.filter((name) => !called.includes(name) && !others.includes(name))).toEqual([]);
});
