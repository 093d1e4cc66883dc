// Differentiates twice, on the packed package, what a backend has no kernel for. Such kernels are put together by
// code that is imported for its effect alone, which a build that takes it for pure loses without a word.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { separatePackages } from './consumers.mjs';
import { run } from './run.mjs';

/** ½ Σ (x ∗ w)² with x of four ones and w a single weight is 2w²: its second derivative is 4. */
const program = `
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { HessianOperator, lossObjective } from 'tfjs-curvature';
await tf.setBackend('wasm');
const [x, w] = [tf.ones([1, 2, 2, 1]), tf.variable(tf.ones([1, 1, 1, 1]))];
const loss = () => tf.mul(0.5, tf.sum(tf.square(tf.conv2d(x, w, 1, 'valid'))));
const hessian = new HessianOperator(lossObjective(loss, [w]));
const [second] = await hessian.matvec(tf.ones([1])).data();
if (!(Math.abs(second - 4) < 1e-5)) throw new Error('expected 4, received ' + second);
console.log('works');
`;

/** Runs from the scratch project of the separate packages. */
export async function composing({ scratch, check }) {
  const cwd = join(scratch, separatePackages);
  writeFileSync(join(cwd, 'composing.mjs'), program);
  await check('wasm: kernels that are missing are composed', () => run('node', ['composing.mjs'], { cwd }));
}
