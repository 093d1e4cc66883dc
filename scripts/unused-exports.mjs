// Exports of src/ that no other file of src/, test/ or bench/ imports: whoever needed them is gone, or has never been. The
// names that the entry points hand on count as imported. A type may be exported for the signatures of its own file.
// Prints them and ends with status 1 if there are any.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const { SyntaxKind } = ts;

/** @returns {string[]} `file: name`, of a folder with src/ in it */
export function unusedExports(root) {
  const source = readModules(join(root, 'src'));
  const others = ['test', 'bench'].flatMap((folder) => [...readModules(join(root, folder)).values()]);
  const used = new Set([...source.values(), ...others].flatMap(({ imports }) => imports));
  return [...source].flatMap(([path, { exports }]) =>
    exports
      .filter((name) => !isEntryPoint(root, path) && !used.has(`${path} ${name}`) && !used.has(`${path} *`))
      .map((name) => `${relative(root, path)}: ${name}`),
  );
}

function readModules(folder) {
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.ts') && !path.includes('/assembly/'));
  return new Map(files.map((path) => [path, readModule(path)]));
}

function isEntryPoint(root, path) {
  return /^src\/(worker-command\/(main|session-thread)|((plot|wasm|workers|nats)\/)?index)\.ts$/.test(
    relative(root, path),
  );
}

/** The exports of a file, and what it imports as `file name`. */
function readModule(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  const exports = source.statements.filter(isExported).flatMap(namesOf);
  const imports = source.statements.flatMap((statement) => importsOf(statement, dirname(path)));
  const types = new Set(source.statements.filter(isType).map(({ name }) => name.text));
  const counts = identifiersIn(source);
  const isNeededHere = (name) => types.has(name) && counts.get(name) > 1;
  return {
    exports: exports.filter((name) => !isNeededHere(name)),
    imports: [...imports, ...dynamicImports(source)],
  };
}

const isType = ({ kind }) =>
  kind === SyntaxKind.InterfaceDeclaration || kind === SyntaxKind.TypeAliasDeclaration;

const isExported = ({ modifiers = [] }) => modifiers.some(({ kind }) => kind === SyntaxKind.ExportKeyword);

function namesOf(statement) {
  if (!ts.isVariableStatement(statement)) return [statement.name.text];
  return statement.declarationList.declarations.map(({ name }) => name.getText());
}

/** Of `import` and of `export … from`. */
function importsOf(statement, folder) {
  const { moduleSpecifier, importClause, exportClause } = statement;
  if (moduleSpecifier == null || !moduleSpecifier.text.startsWith('.')) return [];
  const from = fileOf(folder, moduleSpecifier.text);
  const clause = importClause?.namedBindings ?? exportClause;
  if (clause?.elements == null) return [`${from} *`];
  return clause.elements.map(({ propertyName, name }) => `${from} ${(propertyName ?? name).text}`);
}

/** `import('./x.js')`, as an expression or a type: all of a file. */
function dynamicImports(source) {
  const found = [...source.text.matchAll(/import\(\s*'(\.[^']+)'\s*\)/g)];
  return found.map(([, specifier]) => `${fileOf(dirname(source.fileName), specifier)} *`);
}

const fileOf = (folder, specifier) => join(folder, specifier.replace(/\.js$/, '.ts'));

function identifiersIn(source) {
  const counts = new Map();
  const visit = (node) => {
    if (ts.isIdentifier(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return counts;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const unused = unusedExports(fileURLToPath(new URL('..', import.meta.url)));
  for (const line of unused) console.error(`unused export: ${line}`);
  process.exitCode = unused.length > 0 ? 1 : 0;
}
