import * as tf from '@tensorflow/tfjs-core';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import type { LinearOperator } from '../src/operators/linear-operator.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { now } from './clock.js';
import { spread } from './interleave.js';
import { partsTable } from './solver-parts.js';
import { printTable } from './tables.js';

/** The solver's own part of the time of a run, in a process that has run a few before, and what that consists of. */
export async function shareTable(rounds: number, counts: readonly number[], clock: string): Promise<void> {
  timeRowKernels();
  const lines = [
    `| n | k | threads | products | own part of the ${clock} time | of it, row kernels |`,
    '|---|---|---|---|---|---|',
  ];
  const net = mnistMlp();
  const small = new HessianOperator(lossObjective(net.loss, net.variables));
  const big = large();
  for (const { operator, pairs, warm, counted } of [
    { operator: small, pairs: [5, 10], warm: 10, counted: rounds },
    { operator: big.operator, pairs: [10], warm: 1, counted: Math.min(rounds, 2) },
  ]) {
    for (const k of pairs) {
      for (const threads of counts) {
        await registerWasmTrainingKernels({ threads });
        const runs = [];
        for (let round = 0; round < warm + counted; round++) runs.push(await share(operator, k));
        const after = runs.slice(warm);
        const percent = (part: 'own' | 'rows'): string =>
          `${(100 * spread(after.map((run) => run[part] / run.all)).median).toFixed(1)} %`;
        const { products } = after[0]!;
        lines.push(
          `| ${operator.size} | ${k} | ${threads} | ${products} | ${percent('own')} | ${percent('rows')} |`,
        );
      }
    }
  }
  printTable('solver-share', lines);
  await registerWasmTrainingKernels({ threads: 1 });
  await partsTable(small, 5);
  small.dispose();
  net.dispose();
  big.dispose();
}

/** Milliseconds spent in the kernels that read all rows of a basis. */
let inRowKernels = 0;

/** Counts the time of the row kernels from now on. */
function timeRowKernels(): void {
  for (const name of ['RowDots', 'RowCombination']) {
    const entry = tf.getKernel(`tfjs-curvature/${name}`, 'wasm')!;
    const { kernelFunc } = entry;
    entry.kernelFunc = function timedRowKernel(params) {
      const start = now();
      const result = kernelFunc(params);
      inRowKernels += now() - start;
      return result;
    };
  }
}

/** Milliseconds of a run of `k` pairs: all of it, outside of products, and there of the row kernels. */
async function share(
  operator: LinearOperator,
  k: number,
): Promise<{ own: number; rows: number; all: number; products: number }> {
  let inside = 0;
  inRowKernels = 0;
  const timed: LinearOperator = {
    size: operator.size,
    matvec(v) {
      const start = now();
      const product = operator.matvec(v);
      inside += now() - start;
      return product;
    },
    dispose: () => {},
  };
  const start = now();
  const result = await lanczos(timed, { k });
  const all = now() - start;
  result.dispose();
  return { own: all - inside, rows: inRowKernels, all, products: result.numMatvecs };
}

/** A perceptron of about 2.4 million parameters on 512 random examples. */
function large(): { operator: HessianOperator; dispose: () => void } {
  const shapes = [[784, 1200], [1200], [1200, 1200], [1200], [1200, 10], [10]];
  const weights = shapes.map((shape, i) => {
    const values = tf.randomNormal(
      shape,
      0,
      shape.length > 1 ? Math.sqrt(2 / shape[0]!) : 0.01,
      'float32',
      i,
    );
    const variable = tf.variable(values);
    values.dispose();
    return variable;
  });
  const x: tf.Tensor2D = tf.randomUniform([512, 784], 0, 1, 'float32', 9);
  const y = tf.tidy(() =>
    tf.oneHot(
      Array.from({ length: 512 }, (_, i) => i % 10),
      10,
    ),
  );
  const loss = (): tf.Scalar =>
    tf.tidy(() => {
      let h: tf.Tensor2D = x;
      for (const layer of [0, 1, 2]) {
        h = tf.add(tf.matMul(h, weights[2 * layer] as tf.Tensor as tf.Tensor2D), weights[2 * layer + 1]!);
        if (layer < 2) h = tf.relu(h);
      }
      return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.logSoftmax(h)), -1)));
    });
  const operator = new HessianOperator(lossObjective(loss, weights));
  return {
    operator,
    dispose() {
      operator.dispose();
      tf.dispose([...weights, x, y]);
    },
  };
}
