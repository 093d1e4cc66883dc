import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const entryPoints = ['', 'plot/', 'wasm/', 'workers/', 'nats/'].map((folder) => `src/${folder}index.ts`);

/** A text that some call passes as `where`, the function that an error names. */
interface GivenName {
  readonly text: string;
  readonly file: string;
}

function programOf(files: readonly string[], host?: ts.CompilerHost): ts.Program {
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Preserve,
    strict: true,
    skipLibCheck: true,
  };
  return ts.createProgram(files, options, host);
}

/** What a text begins with, as far as it is written out: `${where} seed` begins with nothing that is known here. */
function beginning(node: ts.Expression): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) && node.head.text !== '' ? node.head.text : null;
}

/** All names given: as arguments and defaults of parameters named `where`, and as constants of that name. */
function givenNames(program: ts.Program, isOurs: (file: string) => boolean): GivenName[] {
  const checker = program.getTypeChecker();
  const names: GivenName[] = [];
  const visit = (node: ts.Node): void => {
    const note = (value: ts.Expression | undefined): void => {
      const branches =
        value != null && ts.isConditionalExpression(value) ? [value.whenTrue, value.whenFalse] : [value];
      for (const branch of branches) {
        const text = branch == null ? null : beginning(branch);
        if (text != null) names.push({ text, file: node.getSourceFile().fileName });
      }
    };
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const { parameters = [] } = checker.getResolvedSignature(node) ?? {};
      const index = parameters.findIndex(({ name }) => name === 'where');
      if (index >= 0) note(node.arguments?.[index]);
    } else if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && node.name.getText() === 'where') {
      note(node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) if (isOurs(file.fileName)) visit(file);
  return names;
}

/** Why a name is not one that the reader can look up: `lanczos`, `NSGD.minimize` and `NSGD k` are. */
function problemOf(text: string, program: ts.Program, entries: readonly string[]): string | null {
  const checker = program.getTypeChecker();
  const [name, member] = text.split(' ')[0]!.split('.') as [string, string?];
  const found = entries
    .flatMap((entry) =>
      checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!),
    )
    .find((symbol) => symbol.name === name);
  if (found == null) return name === 'tf' ? null : 'no public name';
  // Nothing after the dot: the text goes on with what is not known here.
  if (member == null || member === '') return null;
  const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
  const types = [checker.getDeclaredTypeOfSymbol(symbol), checker.getTypeOfSymbol(symbol)];
  return types.some((type) => type.getProperty(member) != null) ? null : `no member of ${name}`;
}

function wrongNames(
  program: ts.Program,
  entries: readonly string[],
  isOurs: (file: string) => boolean,
): string[] {
  return givenNames(program, isOurs).flatMap(({ text, file }) => {
    const problem = problemOf(text, program, entries);
    return problem == null ? [] : [`${file.slice(file.lastIndexOf('src/'))}: '${text}' is ${problem}`];
  });
}

describe('the function that an error names', () => {
  const entries = entryPoints.map((path) => root + path);
  const program = programOf(entries);
  const isOurs = (file: string): boolean => file.startsWith(`${root}src/`);

  test('is public, wherever one is named', () => {
    expect(givenNames(program, isOurs).length).toBeGreaterThan(100);
    expect(wrongNames(program, entries, isOurs)).toEqual([]);
  });

  test('is found where it is not', () => {
    const text = `
      declare function require(condition: boolean, where: string): void;
      export class Thing { method(): void { require(true, 'Thing.method'); require(true, 'Thing.other'); } }
      export const known = (where = 'known'): void => require(true, where);
      export const hidden = (n: number): void => require(true, n > 0 ? 'hidden n' : \`inner \${n}\`);
      known('unknown');
    `;
    const host = ts.createCompilerHost({});
    const { getSourceFile } = host;
    host.getSourceFile = (name, version) =>
      name === 'src/case.ts' ? ts.createSourceFile(name, text, version) : getSourceFile(name, version);
    expect(
      wrongNames(programOf(['src/case.ts'], host), ['src/case.ts'], (file) => file === 'src/case.ts'),
    ).toEqual([
      "src/case.ts: 'Thing.other' is no member of Thing",
      "src/case.ts: 'inner ' is no public name",
      "src/case.ts: 'unknown' is no public name",
    ]);
  });
});
