/** Labelled texts ready for a model. */
export interface TextSet {
  /** Numbers of words, laid out [count, length]. */
  readonly words: Int32Array;
  /** The class of each text. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Training and test texts, disjoint. */
export interface TextData {
  readonly train: TextSet;
  readonly test: TextSet;
  /** Words of a text. */
  readonly length: number;
  /** Numbers that stand for words: 0 … vocabulary − 1. */
  readonly vocabulary: number;
  readonly classes: number;
}

/** How much of a data set to load. */
export interface TextOptions {
  readonly train: number;
  readonly test: number;
  /** Draws the texts at random from all there are, in random order. */
  readonly seed: number;
  /** A folder with the original files. Default: that of the npm package. */
  readonly folder?: string;
}

/** One text with its class. */
export interface LabelledText {
  readonly words: readonly number[];
  readonly label: number;
}

/** Puts texts of one length side by side; what a text lacks is 0. */
export function textSetOf(texts: readonly LabelledText[], length: number): TextSet {
  const words = new Int32Array(texts.length * length);
  texts.forEach((text, i) => words.set(text.words.slice(0, length), i * length));
  return { words, labels: Int32Array.from(texts, ({ label }) => label), count: texts.length };
}

/**
 * @param name what to call the texts in the error
 * @throws RangeError where more texts are asked for than there are
 */
export function requireTexts(name: string, wanted: number, available: number): void {
  if (wanted > available) {
    throw new RangeError(`${name}: expected a count from 1 to ${available}, received ${wanted}`);
  }
}
