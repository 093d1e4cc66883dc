// Pages that load the packed package in a browser: bundled by Vite, webpack and esbuild, and by no one at all. Each
// computes an eigenvalue known in closed form and says so in its title.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { chromium } from 'playwright';
import { build as vite } from 'vite';
import webpack from 'webpack';
import { chromiumFlags, findChromium, noChromium } from '../chromium.mjs';
import { separatePackages, unionPackage } from './consumers.mjs';
import { run } from './run.mjs';
import { install } from './scratch-project.mjs';
import { serve } from './serve.mjs';

const report = `
largestEigenvalue().then(
  (value) => (document.title = Math.abs(value - 4) < 1e-4 ? 'works' : 'expected 4, received ' + value),
  (error) => (document.title = 'failed: ' + error),
);
`;

/**
 * The mean squared error of a linear layer has the Hessian 2/N XᵀX: with X = [[2, 0], [0, 1]], diag(4, 1).
 *
 * @param backend package and name of a backend
 */
const eigenvalueOn = ({ module, name }) => `
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import '${module}';
import { HessianOperator, lanczos, modelObjective } from 'tfjs-curvature';

async function largestEigenvalue() {
  await tf.setBackend('${name}');
  await tf.ready();
  const model = layers.sequential({ layers: [layers.layers.dense({ units: 1, inputShape: [2], useBias: false })] });
  const data = { xs: tf.tensor2d([[2, 0], [0, 1]]), ys: tf.tensor2d([[1], [1]]) };
  const hessian = new HessianOperator(modelObjective(model, data, { loss: 'meanSquaredError' }));
  const { eigenvalues } = await lanczos(hessian, { k: 1 });
  return eigenvalues[0];
}
`;

const program = (backend) => eigenvalueOn(backend) + report;

const cpu = { module: '@tensorflow/tfjs-backend-cpu', name: 'cpu' };
const onCpu = program(cpu);

// tfjs's files for a page without bundler are complete but for each other; those of its cpu backend are not.
const onWebgl = program({ module: '@tensorflow/tfjs-backend-webgl', name: 'webgl' });

const modules = '/node_modules';

// ml-matrix has no files that a browser could import one from another, but one that defines a global object.
const mlMatrix = `
import '${modules}/ml-matrix/matrix.umd.js';
export const { EigenvalueDecomposition, Matrix, inverse } = globalThis.mlMatrix;
`;

const importMap = {
  'tfjs-curvature': `${modules}/tfjs-curvature/dist/index.mjs`,
  'ml-matrix': './ml-matrix.js',
  ...Object.fromEntries(
    ['core', 'layers', 'backend-webgl'].map((part) => [
      `@tensorflow/tfjs-${part}`,
      `${modules}/@tensorflow/tfjs-${part}/dist/tf-${part}.fesm.min.js`,
    ]),
  ),
};

const scripts = [
  '@tensorflow/tfjs/dist/tf.min.js',
  '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
  'tfjs-curvature/dist/tf-curvature.min.js',
];

/** The same eigenvalue from the global objects that files loaded by <script> tags define, on the training kernels. */
const onGlobals = `
async function largestEigenvalue() {
  tf.wasm.setWasmPaths('${modules}/@tensorflow/tfjs-backend-wasm/dist/');
  await tf.setBackend('wasm');
  // The page is not isolated: no memory that threads can share.
  const { threads, reason } = await tfCurvature.registerWasmTrainingKernels({ threads: 2 });
  if (threads !== 1 || !/not cross-origin isolated/.test(reason)) throw new Error(threads + ' threads: ' + reason);
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], useBias: false })] });
  const data = { xs: tf.tensor2d([[2, 0], [0, 1]]), ys: tf.tensor2d([[1], [1]]) };
  const objective = tfCurvature.modelObjective(model, data, { loss: 'meanSquaredError' });
  const { eigenvalues } = await tfCurvature.lanczos(new tfCurvature.HessianOperator(objective), { k: 1 });
  return eigenvalues[0];
}
${report}
`;

const html = (head) => `<!doctype html><html lang="en"><head><title>waits</title>${head}</head></html>`;
const script = (file) => html(`<script type="module" src="${file}"></script>`);

/** Runs webpack to its end; rejects with what it found wrong. */
function bundleWithWebpack(options) {
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      if (error != null) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ colors: false })));
      else resolve();
    });
  });
}

/** How each page comes about: `files` are written to its folder, then `bundle` makes what is served from `out`. */
const ways = {
  vite: {
    files: { 'index.html': script('/main.js'), 'main.js': onCpu },
    out: 'dist',
    bundle: (root) => vite({ root, logLevel: 'silent', configFile: false }),
  },
  webpack: {
    files: { 'main.js': onCpu, 'dist/index.html': script('main.js') },
    out: 'dist',
    bundle: (root) =>
      bundleWithWebpack({
        mode: 'production',
        // Shortening names takes ten times as long as all the rest.
        optimization: { minimize: false },
        context: root,
        entry: './main.js',
        output: { path: join(root, 'dist') },
      }),
  },
  esbuild: {
    files: { 'main.js': onCpu, 'dist/index.html': script('main.js') },
    out: 'dist',
    bundle: (root) =>
      esbuild({
        entryPoints: [join(root, 'main.js')],
        outdir: join(root, 'dist'),
        bundle: true,
        minify: true,
        format: 'esm',
        logLevel: 'silent',
      }),
  },
  // The page is rendered once on the server, where the package is imported too, and computes in the browser.
  next: {
    files: {
      'app/layout.jsx': `
        export default ({ children }) => <html lang="en"><body>{children}</body></html>;`,
      'app/page.jsx': `'use client';
        import { useEffect } from 'react';
        ${eigenvalueOn(cpu)}
        export default function Page() {
          useEffect(() => {${report}}, []);
          return null;
        }`,
      'next.config.mjs': `
        import { resolve } from 'node:path';
        export default { output: 'export', turbopack: { root: resolve('..') } };`,
    },
    out: 'out',
    bundle: async (root) => {
      await install(['next@^16', 'react@^19', 'react-dom@^19'], join(root, '..'));
      const variables = { NEXT_TELEMETRY_DISABLED: '1' };
      await run('node', ['../node_modules/next/dist/bin/next', 'build'], { cwd: root, variables });
    },
  },
  'no bundler': {
    files: {
      'index.html': html(
        `<script type="importmap">${JSON.stringify({ imports: importMap })}</script>` +
          `<script type="module" src="main.js"></script>`,
      ),
      'main.js': onWebgl,
      'ml-matrix.js': mlMatrix,
    },
    // The page asks for packages by path, so the project around it is served.
    out: '..',
    bundle: () => Promise.resolve(),
  },
  'script tags': {
    files: {
      'index.html': html(
        scripts.map((path) => `<script src="${modules}/${path}"></script>`).join('') +
          `<script src="main.js"></script>`,
      ),
      'main.js': onGlobals,
    },
    project: unionPackage,
    out: '..',
    bundle: () => Promise.resolve(),
  },
};

/** The title a page gives itself, or the first error it throws. */
async function titleOf(url) {
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumFlags });
  try {
    const page = await browser.newPage();
    const failed = new Promise((_, reject) =>
      page.on('pageerror', ({ message }) => reject(new Error(message))),
    );
    await Promise.race([
      page.goto(url).then(() => page.waitForFunction('/^(works|expected|failed)/.test(document.title)')),
      failed,
    ]);
    return await page.title();
  } finally {
    await browser.close();
  }
}

function page(name, { files, project = separatePackages, out, bundle }) {
  return async ({ scratch, check }) => {
    if (findChromium() == null) {
      console.log(`skip  page: ${name} (${noChromium})`);
      return;
    }
    await check(`page: ${name}`, async () => {
      const folder = join(scratch, project, `page-${name.replaceAll(' ', '-')}`);
      for (const [file, text] of Object.entries(files)) {
        const path = join(folder, file);
        mkdirSync(join(path, '..'), { recursive: true });
        writeFileSync(path, text);
      }
      await bundle(folder);
      const root = join(folder, out);
      const server = await serve(root);
      try {
        const title = await titleOf(
          server.url + (out === '..' ? `/${basename(folder)}/index.html` : '/index.html'),
        );
        if (title !== 'works') throw new Error(title);
      } finally {
        server.close();
      }
    });
  };
}

export const pages = Object.entries(ways).map(([name, way]) => page(name, way));
