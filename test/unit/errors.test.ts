import { describe as group, expect, it } from 'vitest';
import { describe } from '../../src/errors.js';

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
