import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'architecture-'));

/** The rules that a source tree breaks, as `rule: from → to`. */
async function violations(baseDir: string): Promise<string[]> {
  const options = await extractDepcruiseOptions(join(root, '.dependency-cruiser.cjs'));
  const { output } = await cruise(['src'], { ...options, baseDir }, undefined, {
    tsConfig: extractTSConfig(join(root, 'tsconfig.json')),
  });
  const { summary } = output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
}

function write(base: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
}

function sourceFiles(): { path: string; text: string; lines: number }[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(root, 'src', path), 'utf8');
      return { path, text, lines: text.trimEnd().split('\n').length };
    });
}

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the layers', () => {
  test('hold in src/', async () => {
    expect(await violations(root)).toEqual([]);
  });
});

/**
 * A rule that never fires looks like a rule that is kept. Each row is a small tree that breaks one rule, and must
 * be caught by that very rule.
 */
const breaches: { rule: string; files: Record<string, string> }[] = [
  {
    rule: 'layer-1-knows-nothing-above',
    files: { 'src/errors.ts': "import './parameters.js';", 'src/parameters.ts': 'export const n = 1;' },
  },
  {
    rule: 'layer-2-knows-nothing-above',
    files: { 'src/tfjs/a.ts': "import '../parameters.js';", 'src/parameters.ts': '' },
  },
  {
    rule: 'layer-3-knows-nothing-above',
    files: { 'src/random.ts': "import './solvers/lanczos.js';", 'src/solvers/lanczos.ts': '' },
  },
  {
    rule: 'layer-4-knows-nothing-above',
    files: {
      'src/objectives/objective.ts': "import '../operators/hessian.js';",
      'src/operators/hessian.ts': '',
    },
  },
  {
    rule: 'layer-5-knows-nothing-above',
    files: { 'src/operators/a.ts': "import '../estimators/trace.js';", 'src/estimators/trace.ts': '' },
  },
  {
    rule: 'layer-6-knows-nothing-above',
    files: { 'src/solvers/a.ts': "import '../optimizers/nsgd.js';", 'src/optimizers/nsgd.ts': '' },
  },
  {
    rule: 'layer-7-knows-nothing-above',
    files: { 'src/optimizers/nsgd.ts': "import '../callbacks/m.js';", 'src/callbacks/m.ts': '' },
  },
  {
    rule: 'layer-8-knows-nothing-above',
    files: { 'src/analysis/a.ts': "import '../index.js';", 'src/index.ts': '' },
  },
  // A type is knowledge too: no import escapes the layers by being `import type`.
  {
    rule: 'layer-6-knows-nothing-above',
    files: {
      'src/solvers/a.ts': "import type { T } from '../callbacks/m.js'; export type U = T;",
      'src/callbacks/m.ts': 'export type T = number;',
    },
  },
  {
    rule: 'every-file-has-a-layer',
    files: { 'src/utils/a.ts': "import '../errors.js';", 'src/errors.ts': '' },
  },
  {
    rule: 'no-circular',
    files: {
      'src/solvers/a.ts': "import { b } from './b.js'; export const a = b;",
      'src/solvers/b.ts': "import { a } from './a.js'; export const b = a;",
    },
  },
  { rule: 'no-orphans', files: { 'src/solvers/forgotten.ts': 'export const a = 1;' } },
  {
    rule: 'main-entry-does-not-know-wasm-or-plot',
    files: { 'src/index.ts': "import './plot/index.js';", 'src/plot/index.ts': '' },
  },
  {
    rule: 'wasm-stands-alone',
    files: { 'src/wasm/a.ts': "import '../random.js';", 'src/random.ts': '' },
  },
  {
    rule: 'plot-stands-alone',
    files: { 'src/plot/a.ts': "import '../analysis/a.js';", 'src/analysis/a.ts': '' },
  },
  { rule: 'plot-loads-renderers-on-demand', files: { 'src/plot/a.ts': "import 'vega';" } },
  { rule: 'plot-draws-without-tensors', files: { 'src/plot/a.ts': "import '@tensorflow/tfjs-core';" } },
  {
    rule: 'solvers-know-operators-only',
    files: { 'src/solvers/a.ts': "import '../autodiff/tape.js';", 'src/autodiff/tape.ts': '' },
  },
  {
    rule: 'numerics-do-not-run-layers',
    files: { 'src/solvers/a.ts': "import '@tensorflow/tfjs-layers';" },
  },
  {
    rule: 'no-deep-tfjs-imports',
    files: { 'src/autodiff/a.ts': "import '@tensorflow/tfjs-core/dist/gradients.js';" },
  },
  { rule: 'only-declared-packages', files: { 'src/random.ts': "import 'fast-check';" } },
  { rule: 'no-node-in-src', files: { 'src/random.ts': "import 'node:crypto';" } },
  { rule: 'everything-resolves', files: { 'src/random.ts': "import './nowhere.js';" } },
];

/** Stand-ins for the packages the breaches import, so that a case resolves without the real ones. */
const packages: Record<string, string> = {
  'package.json': JSON.stringify({
    name: 'breach',
    type: 'module',
    peerDependencies: { '@tensorflow/tfjs-core': '*', '@tensorflow/tfjs-layers': '*', vega: '*' },
    devDependencies: { '@tensorflow/tfjs-core': '*', '@tensorflow/tfjs-layers': '*', 'fast-check': '*' },
  }),
  'tsconfig.json': '{}',
  ...Object.fromEntries(
    ['vega', 'fast-check', '@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'].flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'dist/index.js' })],
      [`node_modules/${name}/dist/index.js`, ''],
      [`node_modules/${name}/dist/gradients.js`, ''],
    ]),
  ),
};

describe('the rules bite', () => {
  test.each(breaches.map((breach, i) => ({ ...breach, i })))('$rule ($i)', async ({ rule, files, i }) => {
    const base = join(scratch, String(i));
    write(base, { ...packages, ...files });
    const names = (await violations(base)).map((violation) => violation.split(':')[0]);
    expect(names).toContain(rule);
  });

  test('every rule has a case here', async () => {
    const { ruleSet } = await extractDepcruiseOptions(join(root, '.dependency-cruiser.cjs'));
    const rules = (ruleSet?.forbidden ?? []).map((rule) => rule.name);
    expect(new Set(breaches.map(({ rule }) => rule))).toEqual(new Set(rules));
  });

  test('a sound tree passes', async () => {
    const base = join(scratch, 'sound');
    write(base, {
      ...packages,
      'src/index.ts': "export { a } from './solvers/a.js';",
      'src/solvers/a.ts': "import { e } from '../errors.js'; export const a = e;",
      'src/errors.ts': 'export const e = 1;',
      'src/plot/index.ts': "export const draw = async () => import('vega');",
      'src/wasm/index.ts': 'export {};',
    });
    expect(await violations(base)).toEqual([]);
  });
});

describe('source files', () => {
  let files: ReturnType<typeof sourceFiles>;
  beforeAll(() => {
    files = sourceFiles();
    expect(files.length).toBeGreaterThan(0);
  });

  const paths = (unwanted: (file: { path: string; text: string; lines: number }) => boolean) =>
    files.filter(unwanted).map(({ path, lines }) => `${path} (${lines} lines)`);

  test('hold one idea each: at most 300 lines', () => {
    expect(paths(({ lines }) => lines > 300)).toEqual([]);
  });

  test('leave no note of work undone', () => {
    expect(paths(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text))).toEqual([]);
  });

  test('do not write to the console of whoever calls them', () => {
    const warnings = ['optimizers/gradients-from-elsewhere.ts', 'wasm/threads/warning.ts'];
    const writes = (text: string): boolean => /\bconsole\s*\./.test(text);
    const writing = paths(({ text, path }) => !path.includes('assembly') && writes(text));
    expect(writing.filter((line) => !warnings.some((file) => line.includes(file)))).toEqual([]);
  });

  test('suppress no finding of the compiler or the linter', () => {
    const suppressed = /@ts-(ignore|expect-error|nocheck)|eslint-disable/;
    expect(paths(({ text, path }) => !path.includes('assembly') && suppressed.test(text))).toEqual([]);
  });

  test('export by name', () => {
    expect(paths(({ text }) => /^export default\b/m.test(text))).toEqual([]);
  });

  test('are named in kebab-case, after what they hold', () => {
    expect(paths(({ path }) => !/^([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path))).toEqual([]);
    expect(paths(({ path }) => /(^|\/)(utils?|helpers?|misc|common)\.ts$/.test(path))).toEqual([]);
  });
});

/** The folders below a folder, as paths from it. */
function foldersIn(path: string): string[] {
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(join(root, path), join(entry.parentPath, entry.name)));
}

describe('tests', () => {
  test('of a file stand in the folder of test/unit that is named as its folder in src', () => {
    const source = new Set(foldersIn('src'));
    const withoutSource = foldersIn('test/unit').filter(
      (path) => !path.endsWith('/cases') && !source.has(path),
    );
    expect(withoutSource).toEqual([]);
  });
});

describe('the table of layers in CONTRIBUTING.md', () => {
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

  test('names the files and folders of each layer, from the highest down', () => {
    const { layers } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { layers: string[][] };
    const rows = [...page.matchAll(/^\| (\d+) \| ([^|]+) \|/gm)].map(([, number, names]) => ({
      number: Number(number),
      names: [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
    }));
    const wanted = layers.map((names, i) => ({ number: i + 1, names })).reverse();
    expect(rows).toEqual(wanted);
  });
});
