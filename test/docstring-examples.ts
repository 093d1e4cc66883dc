import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** An `@example` of a docstring. */
export interface Example {
  /** Where it stands. */
  readonly place: string;
  /** TypeScript, without its imports. */
  readonly code: string;
}

/** Every `@example` of src. */
export function docstringExamples(): Example[] {
  const paths = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return paths.sort().flatMap((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    return [...text.matchAll(/^ *\* @example[^\n]*\n((?: *\*(?!\/| @)[^\n]*\n)+)/gm)].map((match) => ({
      place: `${path}:${text.slice(0, match.index).split('\n').length}`,
      code: match[1]!.replace(/^ *\* ?/gm, '').replace(/^import .*$/gm, ''),
    }));
  });
}
