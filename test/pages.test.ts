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

/** The words, numbers and truth values of a text, in order. */
function tokens(text: string): string[] {
  return text.match(/true|false|converged|-?\d+(\.\d+)?(e[+-]?\d+)?/g) ?? [];
}

/** What the page says its program prints: the comment behind each print, after an equals sign where there is one. */
function promised(code: string): string[] {
  const prints = [...code.matchAll(/(?:\.print\(\)|console\.log\(.*\));(?: \/\/ (.*))?$/gm)];
  return prints.flatMap(([print, comment]) => {
    if (comment == null) throw new Error(`the page does not say what ${print} prints`);
    return tokens(comment.split('=').at(-1)!);
  });
}

/** One in the last digit that a page gives of a number. */
function lastDigit(token: string): number {
  const [mantissa, exponent = '0'] = token.split('e');
  return 10 ** (Number(exponent) - (mantissa!.split('.')[1]?.length ?? 0));
}

describe.each(programs())('$page', ({ page, code }) => {
  it('runs from top to bottom and prints what it says', async () => {
    mkdirSync(scratch, { recursive: true });
    const file = join(scratch, `${page.replace(/\W/g, '-')}.ts`);
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: root });
    const printed = tokens(stdout);
    const expected = promised(code);
    expect(expected.length).toBeGreaterThan(0);
    expect(printed.length, stdout).toBe(expected.length);
    expected.forEach((token, i) => {
      if (Number.isNaN(Number(token))) expect(printed[i]).toBe(token);
      else expect(Math.abs(Number(printed[i]) - Number(token))).toBeLessThanOrEqual(lastDigit(token));
    });
  });
});
