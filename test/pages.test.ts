import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = join(root, 'out', 'pages');

/** The pages whose code, fenced `js`, is one program. */
function programs(): { page: string; code: string }[] {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))];
  return pages
    .filter((name) => name.endsWith('.md'))
    .map((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      return { page, code: [...text.matchAll(/^```js\n(.*?)^```/gms)].map((block) => block[1]).join('\n') };
    })
    .filter(({ code }) => code !== '');
}

/** The numbers and truth values of a text, in order. */
function values(text: string): (number | string)[] {
  const found = text.match(/true|false|-?\d+(\.\d+)?(e[+-]?\d+)?/g) ?? [];
  return found.map((token) => (/[tf]/.test(token) ? token : Number(token)));
}

/** What the page says its program prints: the comment behind each print, after an equals sign where there is one. */
function promised(code: string): (number | string)[] {
  const comments = [...code.matchAll(/(?:\.print\(\)|console\.log\(.*\)); \/\/ (.*)$/gm)];
  return comments.flatMap(([, comment]) => values(comment!.split('=').at(-1)!));
}

describe.each(programs())('$page', ({ page, code }) => {
  it('runs from top to bottom and prints what it says', async () => {
    mkdirSync(scratch, { recursive: true });
    const file = join(scratch, `${page.replace(/\W/g, '-')}.ts`);
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: root });
    const printed = values(stdout);
    const expected = promised(code);
    expect(expected.length).toBeGreaterThan(0);
    expect(printed.length).toBe(expected.length);
    expected.forEach((value, i) => {
      // Pages give some five digits.
      if (typeof value === 'number') expect(printed[i]).toBeCloseTo(value, 4);
      else expect(printed[i]).toBe(value);
    });
  });
});
