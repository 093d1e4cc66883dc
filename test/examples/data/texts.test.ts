import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataFileError } from '../../../examples/data/data-file-error.js';
import { loadMobyDick } from '../../../examples/data/moby-dick.js';
import { loadSpamAssassin } from '../../../examples/data/spam-assassin.js';
import { Vocabulary, wordsOf } from '../../../examples/data/words.js';
import { writeBook, writeMails } from './write-texts.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'texts-'));
  writeMails(join(folder, 'mails'), 4);
  writeBook(join(folder, 'book'), 10);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('words', () => {
  it('are letters in lower case, with apostrophes within', () => {
    expect(wordsOf("Don't 'say' CALL-me 4 Ishmael’s")).toEqual([
      "don't",
      'say',
      'call',
      'me',
      'ishmael',
      's',
    ]);
    expect(wordsOf('1 2')).toEqual([]);
  });

  it('are numbered by frequency, equal ones by the alphabet, all others 0', () => {
    const vocabulary = new Vocabulary(['b', 'c', 'a', 'c', 'd'], 4);
    expect(['c', 'a', 'b', 'd', 'e'].map((word) => vocabulary.numberOf(word))).toEqual([1, 2, 3, 0, 0]);
  });
});

describe('loadSpamAssassin', () => {
  const load = (train: number, test: number, seed = 0) =>
    loadSpamAssassin({ train, test, seed, folder: join(folder, 'mails') });

  it('reads bodies without their heads, each once, with the class of its folder', () => {
    const { train, test, length, classes } = load(15, 5);
    expect([train.count, test.count, length, classes]).toEqual([15, 5, 100, 2]);
    // Each body begins with "the cat" or "the dog": the second word tells the class.
    const second = (set: typeof train) => Array.from(set.labels, (_, i) => set.words[i * length + 1]!);
    const ofClass = (label: number) =>
      new Set([train, test].flatMap((set) => second(set).filter((_, i) => set.labels[i] === label)));
    expect(ofClass(0).size).toBe(1);
    expect(ofClass(1).size).toBe(1);
    expect(ofClass(0)).not.toEqual(ofClass(1));
    const spam = [...train.labels, ...test.labels].filter((label) => label === 1);
    expect(spam).toHaveLength(8);
    // "head" and "server" are in no body; "the" is in all of them and comes first.
    expect(train.words[0]).toBeGreaterThan(0);
    expect(load(15, 5).train.labels).toEqual(train.labels);
    expect(load(15, 5, 1).train.labels).not.toEqual(train.labels);
  });

  it('says what is missing or damaged', () => {
    expect(() => load(20, 1)).toThrow(RangeError);
    expect(() => loadSpamAssassin({ train: 1, test: 1, seed: 0, folder: join(folder, 'none') })).toThrow(
      DataFileError,
    );
    writeFileSync(join(folder, 'mails/spam-2/0.json'), '{"id":"0"}');
    expect(() => load(1, 1)).toThrow(/a mail with its text/);
  });
});

describe('loadMobyDick', () => {
  const load = (train: number, test: number) =>
    loadMobyDick({ train, test, seed: 0, folder: join(folder, 'book') });

  it('gives twenty words and the next, that of the test from the end of the book', () => {
    const { train, test, length, vocabulary, classes } = load(1000, 100);
    expect([length, vocabulary, classes]).toEqual([20, 2000, 2000]);
    // Five words that follow each other in a circle: the next one is that five before.
    for (const { words, labels, count } of [train, test]) {
      for (let i = 0; i < count; i++) {
        expect(labels[i]).toBe(words[i * length + length - 5]);
        expect(labels[i]).toBeGreaterThan(0);
      }
    }
    // 1350 words: 1215 before the last tenth, and 20 of each part have no twenty before them.
    expect(() => load(1195, 115)).not.toThrow();
    expect(() => load(1196, 1)).toThrow(RangeError);
    expect(() => load(1, 116)).toThrow(RangeError);
  });
});
