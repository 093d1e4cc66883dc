import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of the form of the Spam Assassin corpus: as many mails of each group as asked for, ham of cats, spam of dogs. */
export function writeMails(folder: string, perGroup: number): void {
  for (const group of ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2']) {
    mkdirSync(join(folder, group), { recursive: true });
    for (let i = 0; i < perGroup; i++) {
      const animal = group.startsWith('spam') ? 'dog' : 'cat';
      const text = `From: list@server\nSubject: head\n\nThe ${animal} ${'purrs '.repeat(i % 7)}number ${group}`;
      writeFileSync(join(folder, group, `${i}.json`), JSON.stringify({ id: String(i), group, text }));
    }
  }
}

/** Files of the form of Moby-Dick: 135 chapters with so many words each, which repeat in fifths. */
export function writeBook(folder: string, perChapter: number): void {
  mkdirSync(folder, { recursive: true });
  const words = ['a', 'whale', 'is', 'no', 'fish'];
  for (let chapter = 1; chapter <= 135; chapter++) {
    const text = Array.from({ length: perChapter }, (_, i) => words[i % words.length]).join(' ');
    writeFileSync(join(folder, `chapter_${chapter}.json`), JSON.stringify({ chapter, text }));
  }
}
