import { cast, oneHot, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { loadMobyDick } from '../data/moby-dick.js';
import { loadSpamAssassin } from '../data/spam-assassin.js';
import type { TextData, TextOptions, TextSet } from '../data/text-set.js';
import type { Examples, PreparedData } from './prepared-data.js';

/** The data sets of texts. */
export const textNames = ['spam-assassin', 'moby-dick'] as const;

export type TextName = (typeof textNames)[number];

const loaders: Record<TextName, (options: TextOptions) => TextData> = {
  'spam-assassin': loadSpamAssassin,
  'moby-dick': loadMobyDick,
};

export function isTextName(name: string): name is TextName {
  return textNames.some((known) => known === name);
}

/** Texts in random order. */
export function loadText(name: TextName, options: TextOptions): TextData {
  return loaders[name](options);
}

/**
 * Texts as a model takes them: numbers of words, labels one-hot.
 *
 * @param fitted how many of the training texts are for training; the others are for validation
 * @returns tensors, owned by the caller
 */
export function prepareText(
  { train, test, length, vocabulary, classes }: TextData,
  fitted: number,
): PreparedData {
  const part = ({ words, labels }: TextSet, begin: number, end: number): Examples =>
    tidy(() => ({
      xs: tensor(words.slice(begin * length, end * length), [end - begin, length], 'int32'),
      ys: cast(oneHot(tensor1d(labels.slice(begin, end), 'int32'), classes), 'float32'),
    }));
  return {
    train: part(train, 0, fitted),
    validation: part(train, fitted, train.count),
    test: part(test, 0, test.count),
    shape: [length],
    vocabulary,
    classes,
  };
}
