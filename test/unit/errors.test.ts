import { describe as group, expect, it } from 'vitest';
import type { OptionNames } from '../../src/errors.js';
import { CurvatureArgumentError, describe, requireOptions } from '../../src/errors.js';

interface Options {
  readonly k?: number;
  readonly damping?: number;
  readonly sampleWeight?: object;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

const names: OptionNames<Options> = {
  k: 'value',
  damping: 'value',
  sampleWeight: 'value',
  onProgress: 'function',
  signal: 'signal',
};

group('requireOptions', () => {
  const check = (options: unknown) => () => requireOptions(options as Options, names, 'f');

  it.each<[string, unknown]>([
    ['none', {}],
    ['some', { k: 1, onProgress: () => {}, signal: new AbortController().signal }],
    ['undefined for left out', { k: undefined, onProgress: undefined, signal: undefined }],
  ])('takes %s', (_, options) => expect(check(options)).not.toThrow());

  it.each<[unknown, string]>([
    [{ dampng: 1 }, '"dampng" (did you mean damping?)'],
    [{ K: 2 }, '"K" (did you mean k?)'],
    [{ sampleWeights: 1 }, '"sampleWeights" (did you mean sampleWeight?)'],
    [{ tolerance: undefined }, '"tolerance"'],
    [{ toString: 1 }, '"toString"'],
  ])('refuses the unknown in %o', (options, received) => {
    const known = 'options among k, damping, sampleWeight, onProgress, signal';
    expect(check(options)).toThrow(new CurvatureArgumentError('f', known, received));
  });

  it.each<[unknown, RegExp]>([
    [null, /f: expected an object \{k, .*\}, received null/],
    [undefined, /received undefined/],
    [3, /received 3/],
    [[1], /received \[1\]/],
    [() => 1, /received function/],
    [{ onProgress: 'x' }, /f: expected a function onProgress, received "x"/],
    [{ signal: {} }, /f: expected an AbortSignal as signal, received Object/],
    [{ signal: new AbortController() }, /f: expected an AbortSignal as signal, received AbortController/],
  ])('refuses %o', (options, message) => expect(check(options)).toThrow(message));
});

group('describe', () => {
  class Model {}
  const loop: unknown[] = [];
  loop.push(loop);

  it.each<[string, unknown, string]>([
    [
      'names of what is in a short list',
      [NaN, 'a', undefined, new Model(), {}],
      '[NaN,"a",undefined,Model,Object]',
    ],
    ['a long list by its length', Array.from({ length: 9 }), 'array of length 9'],
    ['a list that holds itself', loop, 'array of length 1'],
    ['an object without prototype', Object.create(null), 'Object'],
  ])('%s', (_, value, text) => expect(describe(value)).toBe(text));
});
