// Pages that load the packed package in a browser: bundled by Vite, webpack, esbuild and Next, and by no one at all. Each
// computes an eigenvalue known in closed form and says so in its title.

import { bundledPages } from './bundled-pages.mjs';
import { unionPackage } from './consumers.mjs';
import { html, pageInBrowser } from './page-in-browser.mjs';

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

const cpu = { module: '@tensorflow/tfjs-backend-cpu', name: 'cpu' };

// tfjs's files for a page without bundler are complete but for each other; those of its cpu backend are not.
const onWebgl = eigenvalueOn({ module: '@tensorflow/tfjs-backend-webgl', name: 'webgl' }) + report;

const modules = '/node_modules';

// ml-matrix has no files that a browser could import one from another, but one that defines a global object.
const mlMatrix = `
import '${modules}/ml-matrix/matrix.umd.js';
export const { EigenvalueDecomposition, Matrix, SingularValueDecomposition, inverse } = globalThis.mlMatrix;
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

/** How each page comes about: `files` are written to its folder, then `bundle` makes what is served from `out`. */
const ways = {
  ...bundledPages({ code: eigenvalueOn(cpu), effect: report }),
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

export const pages = Object.entries(ways).map(([name, way]) => pageInBrowser(name, way));
