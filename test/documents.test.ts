import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';
import * as curvature from '../src/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the examples take as given. The package's own names are there, too: a page imports them once. */
const given = `
import type * as tfjs from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type * as curvature from 'tfjs-curvature';
import type * as workersDoor from 'tfjs-curvature/workers';

declare global {
  const tf: typeof tfjs & typeof tfl;
  namespace tf {
    type Tensor1D = tfjs.Tensor1D;
  }
  const model: LayersModel;
  const xs: tfjs.Tensor, ys: tfjs.Tensor, sampleWeight: tfjs.Tensor;
  const image: tfjs.Tensor, age: tfjs.Tensor, kind: tfjs.Tensor, size: tfjs.Tensor;
  const sample: curvature.ModelData;
  const w1: tfjs.Variable, w2: tfjs.Variable;
  function myLoss(a: tfjs.Tensor, b: tfjs.Tensor): tfjs.Scalar;
  const objective: curvature.Objective;
  const hessian: curvature.HessianOperator, gaussNewton: curvature.GaussNewtonOperator;
  const gradient: tfjs.Tensor1D, diagonal: tfjs.Tensor1D, n: number;
  const result: curvature.EigenResult;
  const optimizer: curvature.NSGD, nsgd: curvature.NSGD;
  const monitor: curvature.CurvatureMonitor, refresh: curvature.RefreshHooks, draw: () => Promise<void>;
  const dataset: Parameters<typeof curvature.modelObjectiveFromDataset>[1];
  const head: tfl.layers.Layer;
  const batch: tfjs.Tensor, variables: tfjs.Variable[];
  function loss(batch: tfjs.Tensor): tfjs.Scalar;
  const workers: readonly workersDoor.ShardWorker[];
  const ShardedHessian: typeof workersDoor.ShardedHessian;
  const { ${Object.keys(curvature)
    .filter((name) => name !== 'diagonal' && name !== 'hessian')
    .join(', ')} }: typeof curvature;
}
`;

/** The TypeScript on the pages, by a name that says where it stands. */
function examples(): Map<string, string> {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))];
  const found = new Map<string, string>();
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const { 1: code, index } of text.matchAll(/^```ts\n(.*?)^```/gms)) {
      const line = text.slice(0, index).split('\n').length;
      found.set(join(root, `${page}-line-${line}.ts`), `${code}\nexport {};\n`);
    }
  }
  return found;
}

/** What strict TypeScript finds wrong with some files that are only imagined. */
function complaints(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: { paths: Record<string, string[]> } };
  };
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['vite/client'],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    paths: Object.fromEntries(
      Object.entries(config.compilerOptions.paths).map(([name, [path]]) => [name, [join(root, path!)]]),
    ),
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.getCurrentDirectory = () => root;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  const program = ts.createProgram({ rootNames: [...files.keys()], options, host });
  return [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path)!;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start, messageText }) => {
      const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
      const message = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${relative(root, path)} + ${line + 1}: ${message}`;
    });
  });
}

it('the examples on the pages are strict TypeScript', () => {
  const pages = examples();
  expect(pages.size).toBeGreaterThan(0);
  expect(complaints(new Map([[join(root, 'docs/given.ts'), given], ...pages]))).toEqual([]);
});

/** What the table of README says that you write, by the row it stands in. */
function readmeRows(): Map<string, string> {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').split('\n');
  const rows = new Map<string, string>();
  lines.forEach((line, i) => {
    const [, , written] = /^\| ([^|]+) \| ([^|]+) \|$/.exec(line) ?? [];
    const calls = [...(written ?? '').matchAll(/`([^`]*\(.*?)`/g)].map(([, call]) => call);
    if (calls.length === 0) return;
    // Two functions have the names of what pages take as given.
    const shadowed = ['diagonal', 'hessian'].filter((name) =>
      calls.some((call) => call!.includes(`${name}(`)),
    );
    rows.set(join(root, `README.md-row-${i + 1}.ts`), `${rowNames(shadowed)}\n${calls.join(';\n')};\n`);
  });
  return rows;
}

function rowNames(shadowed: readonly string[]): string {
  return `
import type * as tfjs from '@tensorflow/tfjs-core';
import type * as curvature from 'tfjs-curvature';
import { ${shadowed.join(', ')} } from 'tfjs-curvature';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
declare function loss(...tensors: tfjs.Tensor[]): tfjs.Scalar;
declare const f: (x: tfjs.Tensor) => tfjs.Scalar;
declare const v: tfjs.Tensor1D, b: tfjs.Tensor1D;
declare const jacobian: curvature.JacobianOperator, kfac: curvature.KFACOperator;`;
}

it('what the table of README says that you write is strict TypeScript', () => {
  const rows = readmeRows();
  expect(rows.size).toBeGreaterThan(10);
  expect(complaints(new Map([[join(root, 'docs/given.ts'), given], ...rows]))).toEqual([]);
});

it('those with the name of a program are whole: they take nothing as given', () => {
  const programs = new Map([...examples()].filter(([, code]) => /^\/\/ \w+\.mjs\n/.test(code)));
  expect(programs.size).toBeGreaterThan(0);
  expect(complaints(programs)).toEqual([]);
});

it('and one that is not is found out', () => {
  const wrong = "import { lanczos } from 'tfjs-curvature';\nawait lanczos(hessian, { K: 2 });\nexport {};\n";
  const found = complaints(
    new Map([
      [join(root, 'docs/given.ts'), given],
      [join(root, 'docs/wrong.ts'), wrong],
    ]),
  );
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^docs\/wrong.ts \+ 2: .*'K' does not exist/);
});
