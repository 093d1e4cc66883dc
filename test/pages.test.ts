import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { checkPrinted, pagesWithPrograms, programOf } from '../scripts/page-programs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = join(root, 'out', 'pages');

describe.each(pagesWithPrograms())('%s', (page) => {
  it('runs from top to bottom and prints what it says', async () => {
    mkdirSync(scratch, { recursive: true });
    const file = join(scratch, `${page.replace(/\W/g, '-')}.ts`);
    const code = programOf(page);
    writeFileSync(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: root });
    checkPrinted(code, stdout);
  });
});

describe('what a program printed', () => {
  const code = "console.log('λ₁', value); // λ₁ = 1.25\nconsole.log(done); // true\n";

  it.each(['1.25\ntrue\n', '1.2593\ntrue\n'])('%j is what the page says', (stdout) => {
    expect(() => checkPrinted(code, stdout)).not.toThrow();
  });

  it.each(['1.27\ntrue\n', '1.25\nfalse\n', '1.25\n'])('%j is not', (stdout) => {
    expect(() => checkPrinted(code, stdout)).toThrow('expected 1.25 true');
  });

  it('has to be on the page', () => {
    expect(() => checkPrinted('console.log(1);\n', '1\n')).toThrow('does not say what');
  });
});
