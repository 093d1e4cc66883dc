import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { docstringExamples } from '../docstring-examples.js';
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
const examples = join(root, 'test/types/docstrings-as-programs.ts');

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

/** What an entry point exports, values and types. */
function exportedNames(path: string): string[] {
  const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  return statements
    .filter((statement) => ts.isExportDeclaration(statement))
    .flatMap(({ exportClause }) =>
      exportClause != null && ts.isNamedExports(exportClause) ? [...exportClause.elements] : [],
    )
    .map(({ name }) => name.text);
}

/** The examples in a function each, beside what they may take as given: see docstring-examples.test.ts. */
function programOfExamples(): string {
  const imports = [...entryPoints.values()].map(
    (path) => `import { ${exportedNames(path).join(', ')} } from '${path.replace(/\.ts$/, '.js')}';`,
  );
  const functions = docstringExamples().map(({ place, code }) => `// ${place}\nasync () => {\n${code}};`);
  return [
    "import * as tf from '@tensorflow/tfjs-core';",
    "import * as tfl from '@tensorflow/tfjs-layers';",
    "import { SeededRandom } from '../../src/random.js';",
    ...imports,
    'declare const model: tfl.LayersModel, xs: tf.Tensor2D, ys: tf.Tensor2D, script: string;',
    'declare const workerpool: any, connection: Parameters<typeof serveSweeps>[0];',
    ...functions,
  ].join('\n');
}

let program: ts.Program;

beforeAll(() => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  // Examples use what they show: names that nothing reads, first entries of lists, and types imported with values.
  Object.assign(options, {
    noUnusedLocals: false,
    noUncheckedIndexedAccess: false,
    verbatimModuleSyntax: false,
  });
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
    [examples, programOfExamples()],
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

  it('let every example of a docstring compile', () => {
    expect(complaints(examples)).toEqual([]);
  });

  it('are what expectations.ts says', () => {
    expect(complaints(expectations)).toEqual([]);
  });

  it('and what they are not is found out', () => {
    expect(complaints(altered)).toHaveLength(1);
  });
});
