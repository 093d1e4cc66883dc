/** The words of a text in lower case: letters, with apostrophes within. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+(?:'[a-z]+)*/g) ?? [];
}

/** What stands for each word: 1 … size − 1 for the most frequent, by frequency; all others have 0. */
export class Vocabulary {
  private readonly numbers: ReadonlyMap<string, number>;

  /** @param size numbers there are, with that of the other words */
  constructor(
    words: Iterable<string>,
    readonly size: number,
  ) {
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    // Of equally frequent words the one that comes first in the alphabet, so that the order of the texts does not matter.
    const frequent = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, size - 1);
    this.numbers = new Map(frequent.map(([word], i) => [word, i + 1]));
  }

  numberOf(word: string): number {
    return this.numbers.get(word) ?? 0;
  }
}
