import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingInDocstrings } from './docstrings.js';
import { describeExports } from './public-api.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entryPoints = new Map(
  ['', 'plot', 'wasm', 'workers', 'nats'].map((folder) => [
    join('tfjs-curvature', folder),
    join(root, 'src', folder, 'index.ts'),
  ]),
);
const expectations = join(root, 'test/types/expectations.ts');
const altered = join(root, 'test/types/expectations-altered.ts');
const poorlyTold = join(root, 'test/types/poorly-told.ts');

const poor = `
  export function bare(x: number): number { return x; }
  /**
   * Half told.
   *
   * @param x one
   * @example
   * half(1, 2);
   */
  export function half(x: number, y: number): number { return x + y; }
  /**
   * Told.
   *
   * @deprecated
   */
  export function former(): void {}
  /** A thing. */
  export class Thing { go(far: number): number { return far; } private hidden(x: number): number { return x; } }
`;

let program: ts.Program;

beforeAll(() => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  // The expectations with one that does not hold: where it is not found, none is.
  const wrong = readFileSync(expectations, 'utf8').replace(
    'toEqualTypeOf<Tensor1D>',
    'toEqualTypeOf<string>',
  );
  const made = new Map([
    [altered, wrong],
    [poorlyTold, poor],
  ]);
  host.fileExists = (path) => made.has(path) || fileExists(path);
  host.readFile = (path) => made.get(path) ?? readFile(path);
  program = ts.createProgram([...entryPoints.values(), expectations, ...made.keys()], options, host);
});

describe('the public types', () => {
  it('are those of public-api.txt; npm run types:public writes it anew', async () => {
    const text = [...entryPoints]
      .map(([name, path]) => `== ${name}\n${describeExports(program, path)}\n`)
      .join('\n');
    await expect(text).toMatchFileSnapshot('public-api.txt');
  });

  it.each([...entryPoints])('of %s are told in full by their docstrings', (_, path) => {
    expect(missingInDocstrings(program, path)).toEqual([]);
  });

  it('and a docstring that lacks something is found', () => {
    expect(missingInDocstrings(program, poorlyTold)).toEqual([
      'bare: text',
      'bare: @param x',
      'bare: @example',
      'half: @param y',
      'Thing.go: text',
      'Thing.go: @param far',
    ]);
  });

  const complaints = (path: string): string[] =>
    program
      .getSemanticDiagnostics(program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));

  it('are what expectations.ts says', () => {
    expect(complaints(expectations)).toEqual([]);
  });

  it('and what they are not is found out', () => {
    expect(complaints(altered)).toHaveLength(1);
  });
});
