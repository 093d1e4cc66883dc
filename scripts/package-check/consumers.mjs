// Scratch projects that install the tarball as a user would, and use it from ESM, CommonJS and TypeScript.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyGradient } from './policy-gradient.mjs';
import { programs } from './programs.mjs';
import { bin, run } from './run.mjs';
import { install, writeAll } from './scratch-project.mjs';

const typescriptConfig = {
  compilerOptions: {
    target: 'es2022',
    module: 'node16',
    moduleResolution: 'node16',
    lib: ['es2022', 'dom'],
    types: [],
    strict: true,
    // The types of TensorFlow.js itself do not stand up to a check of libraries.
    skipLibCheck: true,
    outDir: 'compiled',
  },
  include: ['*.mts', '*.cts'],
};

/** A scratch project named `name` that has TensorFlow.js as `tensorflow` says. */
function consumer(name, tensorflow) {
  return async ({ scratch, tarball, check }) => {
    const cwd = join(scratch, name);
    const installed = await check(`${name}: npm install`, async () => {
      mkdirSync(cwd);
      writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name, private: true }));
      await install([tarball, ...tensorflow.install], cwd);
      writeAll({ ...programs(tensorflow), 'policy-gradient.mjs': policyGradient(tensorflow) }, cwd);
      writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify(typescriptConfig));
    });
    if (!installed) return;
    await check(`${name}: ESM`, () => run('node', ['esm.mjs'], { cwd }));
    await check(`${name}: policy gradients`, () => run('node', ['policy-gradient.mjs'], { cwd }));
    await check(`${name}: CommonJS`, () => run('node', ['cjs.cjs'], { cwd }));
    const compiled = await check(`${name}: TypeScript compiles`, () => run(bin('tsc'), ['-p', '.'], { cwd }));
    if (!compiled) return;
    await check(`${name}: TypeScript as ESM`, () => run('node', ['compiled/typed-esm.mjs'], { cwd }));
    await check(`${name}: TypeScript as CommonJS`, () => run('node', ['compiled/typed-cjs.cjs'], { cwd }));
  };
}

/** Where the tarball is found installed beside core, layers and a backend: the bundles start from there. */
export const separatePackages = 'core-layers-cpu';

/** Where it is found beside the package that has all of TensorFlow.js. */
export const unionPackage = 'union';

const version = '^4.22.0';

export const consumers = [
  consumer(separatePackages, {
    core: '@tensorflow/tfjs-core',
    layers: '@tensorflow/tfjs-layers',
    backend: '@tensorflow/tfjs-backend-cpu',
    install: ['core', 'layers', 'backend-cpu', 'backend-wasm', 'backend-webgl'].map(
      (part) => `@tensorflow/tfjs-${part}@${version}`,
    ),
  }),
  consumer(unionPackage, {
    core: '@tensorflow/tfjs',
    layers: '@tensorflow/tfjs',
    install: ['tfjs', 'tfjs-backend-wasm'].map((name) => `@tensorflow/${name}@${version}`),
  }),
];
