import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { unusedExports } from '../scripts/unused-exports.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'unused-exports-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('every export of src/ is imported somewhere or public', () => {
  expect(unusedExports(fileURLToPath(new URL('..', import.meta.url)))).toEqual([]);
});

test('one that is not is found', () => {
  const files = {
    'src/index.ts': "export { a as publicName, type T } from './a.js';",
    'src/a.ts': `
      import { used } from './b.js';
      export type T = number;
      export interface Named { x: T }
      export interface Forgotten { x: T }
      export const a = (named: Named) => used(named);
      export function unused() {}`,
    'src/b.ts': `
      export function used(x: unknown) { return import('./lazy.js'); }
      export const tested = 1;
      export const forgotten = 1, alsoForgotten = 2;`,
    'src/lazy.ts': 'export const late = 1;',
    'src/c.ts': "import * as b from './d.js'; export class Lost { b = b; }",
    'src/d.ts': 'export const whole = 1;',
    'test/b.test.ts': "import { tested } from '../src/b.js';",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), text);
  }
  expect(unusedExports(scratch).sort()).toEqual([
    'src/a.ts: Forgotten',
    'src/a.ts: unused',
    'src/b.ts: alsoForgotten',
    'src/b.ts: forgotten',
    'src/c.ts: Lost',
  ]);
});
