// What the scratch projects run. Each program is the same few lines behind the imports of its module system, and
// each computes numbers known in closed form: a package that only loads is not yet a package that works.

/** ½ Σ aᵢ xᵢ² has the Hessian diag(a), so its eigenvalues are the aᵢ. Valid as JavaScript and as TypeScript. */
const eigenvaluesOfAQuadratic = `
async function eigenvaluesOfAQuadratic() {
  await tf.setBackend('cpu');
  await tf.ready();
  const curvatures = tf.tensor1d([5, 3, 1, 0.5]);
  const x = tf.variable(tf.tensor1d([1, -2, 0.5, 4]));
  const objective = lossObjective(() => tf.mul(0.5, tf.sum(tf.mul(curvatures, tf.square(x)))), [x]);
  const hessian = new HessianOperator(objective);
  const result = await lanczos(hessian, { k: 2, seed: 1 });
  const found = Array.from(result.eigenvalues);
  result.dispose();
  hessian.dispose();
  if (found.length !== 2 || Math.abs(found[0] - 5) > 1e-4 || Math.abs(found[1] - 3) > 1e-4) {
    throw new Error('expected the eigenvalues 5 and 3, received ' + found.join(', '));
  }
}
`;

/** A wrong argument is told by its class, so the class has to be one and the same through every entry point. */
const errorsAreRecognised = `
function errorsAreRecognised() {
  try {
    lossObjective(() => tf.scalar(1), []);
  } catch (error) {
    if (error instanceof CurvatureArgumentError && error.message.includes('lossObjective')) return;
    throw error;
  }
  throw new Error('expected a CurvatureArgumentError for an empty list of variables');
}
`;

/** Training goes through compile, fit and the optimizer's serialization, as in the main job. */
const aModelTrains = `
async function aModelTrains() {
  const model = layers.sequential({ layers: [layers.layers.dense({ units: 1, inputShape: [3] })] });
  model.compile({ optimizer: new NSGD({ learningRate: 0.1, k: 1 }), loss: 'meanSquaredError' });
  const xs = tf.tensor2d([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]);
  const ys = tf.tensor2d([[1], [2], [3], [6]]);
  const history = await model.fit(xs, ys, { epochs: 60, batchSize: 4, verbose: 0 });
  const losses = history.history['loss'];
  const last = Number(losses[losses.length - 1]);
  if (!(last < 0.1 * Number(losses[0]))) throw new Error('expected training to lower the loss, received ' + losses);
}
`;

/** The packages that draw are optional: these projects lack them, and a chart says which to install. */
const missingPackagesAreNamed = `
async function missingPackagesAreNamed() {
  const chart = sharpnessChart([{ name: 'SGD', records: [{ step: 0, sharpness: 1 }, { step: 1, sharpness: 2 }] }]);
  try {
    await toSvg(chart);
  } catch (error) {
    if (error instanceof MissingPackageError && error.message.includes('npm install vega vega-lite')) return;
    throw error;
  }
  throw new Error('expected a MissingPackageError where vega is not installed');
}
`;

const main = `
async function main() {
  errorsAreRecognised();
  await eigenvaluesOfAQuadratic();
  await aModelTrains();
  if (typeof registerWasmTrainingKernels !== 'function') throw new Error('the entry point ./wasm does not open');
  await missingPackagesAreNamed();
  return 'works';
}

main().then(
  (word) => console.log(word),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
`;

const body = eigenvaluesOfAQuadratic + errorsAreRecognised + aModelTrains + missingPackagesAreNamed + main;
const names = 'CurvatureArgumentError, HessianOperator, NSGD, lanczos, lossObjective';
const plotNames = 'MissingPackageError, sharpnessChart, toSvg';

/** The imports as ECMAScript modules, for \`.mjs\` and, compiled either way, for TypeScript. */
const importing = ({ core, layers, backend }) => `
import * as tf from '${core}';
${core === layers ? 'const layers = tf;' : `import * as layers from '${layers}';`}
${backend ? `import '${backend}';` : ''}
import { ${names} } from 'tfjs-curvature';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { ${plotNames} } from 'tfjs-curvature/plot';
`;

const requiring = ({ core, layers, backend }) => `
'use strict';
const tf = require('${core}');
const layers = require('${layers}');
${backend ? `require('${backend}');` : ''}
const { ${names} } = require('tfjs-curvature');
const { registerWasmTrainingKernels } = require('tfjs-curvature/wasm');
const { ${plotNames} } = require('tfjs-curvature/plot');
`;

// The programs name no Node types, so that a project without @types/node compiles them.
const ambient = `declare const process: { exitCode: number };\n`;

/** The files of a scratch project, by name, for one way of having TensorFlow.js. */
export function programs(tensorflow) {
  return {
    'esm.mjs': importing(tensorflow) + body,
    'cjs.cjs': requiring(tensorflow) + body,
    'typed-esm.mts': importing(tensorflow) + ambient + body,
    'typed-cjs.cts': importing(tensorflow) + ambient + body,
  };
}

/** Bundled from core and a backend alone: the bundle has to bring the gradients in by itself. */
export const bundledQuadratic = `
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { HessianOperator, lanczos, lossObjective } from 'tfjs-curvature';
${eigenvaluesOfAQuadratic}
eigenvaluesOfAQuadratic().then(
  () => console.log('works'),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
`;

const test = `
test('finds eigenvalues', eigenvaluesOfAQuadratic);
`;

/** The same under test runners: Jest loads CommonJS and replaces globals of Node, Vitest transforms modules. */
export const jestTest = `
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const { HessianOperator, lanczos, lossObjective } = require('tfjs-curvature');
${eigenvaluesOfAQuadratic}${test}`;

export const vitestTest = `
import { test } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { HessianOperator, lanczos, lossObjective } from 'tfjs-curvature';
${eigenvaluesOfAQuadratic}${test}`;

/** A saved model names its optimizer by class: importing the package for nothing but that has to register it. */
export const bundledRegistration = `
import { serialization } from '@tensorflow/tfjs-core';
import 'tfjs-curvature';
if (!('NSGD' in serialization.SerializationMap.getMap().classNameMap)) {
  throw new Error('expected the import to register NSGD');
}
console.log('works');
`;

/** Drawing needs no tensors, so a page that only draws must not carry TensorFlow.js. */
export const bundledPlot = `
import { learningCurvesChart } from 'tfjs-curvature/plot';
const spec = learningCurvesChart([{ name: 'SGD', records: [{ step: 0, loss: 1 }, { step: 1, loss: 0.5 }] }]);
if (!JSON.stringify(spec).includes('SGD')) throw new Error('expected a chart of the run given');
console.log('works');
`;

/** Drawing for real, where the packages for it are installed: they are ES modules, and CommonJS draws too. */
const drawing = `
const chart = sharpnessChart([{ name: 'SGD', records: [{ step: 0, sharpness: 1 }, { step: 1, sharpness: 2 }] }]);
Promise.all([toSvg(chart), toPng(chart)]).then(([svg, png]) => {
  if (!svg.startsWith('<svg') || png[1] !== 0x50) throw new Error('expected an SVG and a PNG');
});
`;

export const drawingPrograms = {
  'draw.mjs': `import { sharpnessChart, toPng, toSvg } from 'tfjs-curvature/plot';${drawing}`,
  'draw.cjs': `const { sharpnessChart, toPng, toSvg } = require('tfjs-curvature/plot');${drawing}`,
};

/** The same in a page: an SVG, and in place of a PNG an error that says where it can be had. */
export const drawnInPage = {
  code: `
import { sharpnessChart, toPng, toSvg } from 'tfjs-curvature/plot';

async function draw() {
  const chart = sharpnessChart([{ name: 'SGD', records: [{ step: 0, sharpness: 1 }, { step: 1, sharpness: 2 }] }]);
  const svg = await toSvg(chart);
  const refusal = await toPng(chart).catch(({ message }) => message);
  return svg.startsWith('<svg') && /^toPng: expected Node/.test(refusal) ? 'works' : 'failed: ' + refusal;
}
`,
  effect: `
draw().then((title) => (document.title = title), (error) => (document.title = 'failed: ' + error));
`,
};
