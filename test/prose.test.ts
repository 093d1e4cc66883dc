import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { remark } from 'remark';
import remarkGfm from 'remark-gfm';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
];

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly children?: readonly Node[];
}

/** Prose stands in paragraphs; code counts as a word. It may begin a sentence, and so may a Greek letter. */
function textOf({ type, value = '', children = [] }: Node): string {
  if (type === 'inlineCode') return 'Code';
  if (type === 'text') return value.replace(/[α-ω]/g, (letter) => letter.toUpperCase());
  return children.map(textOf).join('');
}

function paragraphsOf(node: Node): string[] {
  return node.type === 'paragraph' ? [textOf(node)] : (node.children ?? []).flatMap(paragraphsOf);
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a page. A colon or a semicolon ends one, as a full stop does. */
function sentencesOf(markdown: string): string[] {
  const tree = remark()
    .use(remarkGfm)
    .parse(markdown.replace(/^---\n.*?^---\n/ms, '')) as Node;
  return paragraphsOf(tree).flatMap((paragraph) =>
    Array.from(segmenter.segment(paragraph.replace(/\s+/g, ' ')), ({ segment }) => segment)
      .flatMap((sentence) => sentence.split(/(?<=[:;]) /))
      .map((sentence) => sentence.trim())
      .filter((sentence) => sentence !== ''),
  );
}

const wordsOf = (sentence: string): number =>
  sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

describe.each(pages.filter((page) => page.endsWith('.md')))('the prose of %s', (page) => {
  const sentences = sentencesOf(readFileSync(join(root, page), 'utf8'));

  it('has 25 words in a sentence on the average at most', () => {
    const words = sentences.reduce((sum, sentence) => sum + wordsOf(sentence), 0);
    expect(words).toBeLessThanOrEqual(25 * sentences.length);
  });

  it('has no sentence of more than 40', () => {
    expect(sentences.filter((sentence) => wordsOf(sentence) > 40)).toEqual([]);
  });
});

describe('the measure', () => {
  it('takes sentences apart, and code for a word', () => {
    expect(
      sentencesOf('# No\n\nOne `a b c` is e.g. this. Two: a\nb; c.\n\n- Three.\n\n| no |\n|---|\n| no |\n'),
    ).toEqual(['One Code is e.g. this.', 'Two:', 'a b;', 'c.', 'Three.']);
    expect(wordsOf('One code – is e.g. this.')).toBe(5);
  });
});
