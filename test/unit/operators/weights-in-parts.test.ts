import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lossObjective } from '../../../src/objectives/objective.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { normal } from './kfac-case.js';

/** Of stock gradients, the truth here, WASM lacks that of a filter. */
const onCpuAlone = 'a filter';

/** How weights are made of variables and constants: none of their axes counts examples, whatever its length. */
interface Case {
  readonly shapes: readonly number[][];
  readonly constant?: readonly number[];
  outputs(x: Tensor2D, vars: readonly Tensor[], constant: Tensor): Tensor;
}

const cases: Readonly<Record<string, Case>> = {
  'scaled columns': {
    shapes: [[4, 3], [3]],
    outputs: (x, [v, g]) => tf.matMul(x, tf.mul(v!, g!)),
  },
  'scaled columns of a second layer': {
    shapes: [[4, 4], [4, 3], [3]],
    outputs: (x, [u, v, g]) => tf.matMul(tf.tanh(tf.matMul(x, u as Tensor2D)), tf.mul(v!, g!)),
  },
  'a frozen factor on the left': {
    shapes: [[2, 3]],
    constant: [4, 2],
    outputs: (x, [u], k) => tf.matMul(x, tf.matMul(k as Tensor2D, u as Tensor2D)),
  },
  'a frozen factor on the right': {
    shapes: [[4, 2]],
    constant: [2, 3],
    outputs: (x, [u], k) => tf.matMul(x, tf.matMul(u as Tensor2D, k as Tensor2D)),
  },
  'a frozen factor, turned': {
    shapes: [[2, 4]],
    constant: [3, 2],
    outputs: (x, [u], k) =>
      tf.matMul(x, tf.transpose(tf.tanh(tf.matMul(k as Tensor2D, u as Tensor2D))), false, false),
  },
  'rows of the transpose': {
    shapes: [[3, 2]],
    constant: [2, 4],
    outputs: (x, [u], k) => tf.matMul(x, tf.matMul(u as Tensor2D, k as Tensor2D), false, true),
  },
  'a part that is added': {
    shapes: [[3]],
    constant: [4, 3],
    outputs: (x, [c], k) => tf.matMul(x, tf.add(k, c!)),
  },
  'scaled gains': {
    shapes: [[4], [1]],
    outputs: (x, [g, s]) => tf.mul(x, tf.mul(g!, s!)),
  },
  [onCpuAlone]: {
    shapes: [[1, 1, 1, 3], [3]],
    outputs: (x, [v, g]) =>
      tf.sum(
        tf.conv2d(tf.reshape(x, [-1, 2, 2, 1]) as tf.Tensor4D, tf.mul(v!, g!) as tf.Tensor4D, 1, 'same'),
        [1, 2],
      ),
  },
};

/** Σ_i Σ_c (∂z_ic/∂θ_j)² · 2/(N C), the diagonal for the mean of squares, by a gradient of each output. */
function expectedDiagonal(outputs: () => Tensor, variables: readonly Variable[]): number[] {
  return tf.tidy(() => {
    const [n, width] = outputs().shape as [number, number];
    const sum = new Array<number>(variables.reduce((total, { size }) => total + size, 0)).fill(0);
    for (let at = 0; at < n * width; at++) {
      const one = (): tf.Scalar =>
        tf.reshape(tf.slice(tf.reshape(outputs(), [-1]), [at], [1]), []) as tf.Scalar;
      const { grads } = tf.variableGrads(one, [...variables]);
      const gradient = variables.flatMap(({ name }) => Array.from(grads[name]!.dataSync()));
      gradient.forEach((g, j) => (sum[j]! += (2 / (n * width)) * g ** 2));
    }
    return sum;
  });
}

describe.each(['cpu', 'wasm'] as const)('weights that are made of parts, on %s', (backend) => {
  let tensors: number;
  beforeEach(async () => {
    await useBackend(backend);
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  it.each(
    Object.keys(cases)
      .filter((name) => backend === 'cpu' || name !== onCpuAlone)
      .flatMap((name) => [1, 2, 3, 4, 6].map((examples) => [name, examples] as const)),
  )('%s meet %d examples', async (name, examples) => {
    const { shapes, constant, outputs } = cases[name]!;
    const x = normal([examples, 4], 7);
    const k = normal([...(constant ?? [1])] as [number], 8);
    const variables = tf.tidy(() => shapes.map((shape, i) => tf.variable(normal(shape as [number], i + 1))));
    const f = (): Tensor => outputs(x as Tensor2D, variables, k);
    const objective = lossObjective(
      { outputs: f, loss: (z) => tf.mean(tf.square(z)), likelihood: 'gaussian' },
      variables,
    );
    const expected = expectedDiagonal(f, variables);
    const diagonal = gaussNewtonDiagonal(objective);
    expect(relativeError(Array.from(diagonal.dataSync()), expected)).toBeLessThan(5e-6);
    const kfac = new KFACOperator(objective);
    // A block without factors is the diagonal itself.
    const product = tf.tidy(() => kfac.matvec(tf.ones([kfac.size])));
    let first = 0;
    for (const { kind, variables: own } of kfac.blocks) {
      const size = variables.filter((v) => own.includes(v.name)).reduce((sum, v) => sum + v.size, 0);
      const range = [first, (first += size)] as const;
      if (kind !== 'diagonal') continue;
      const found = Array.from(product.dataSync().slice(...range));
      expect(relativeError(found, expected.slice(...range))).toBeLessThan(5e-6);
    }
    kfac.dispose();
    tf.dispose([x, k, variables, diagonal, product]);
  });

  it('batches of several lengths make one matrix', () => {
    const [k, w] = [normal([4, 2], 8) as Tensor2D, variableOf([1, -2, 3, 0.5, 1, -1])];
    const batches = [2, 3].map((examples) => normal([examples, 4], examples) as Tensor2D);
    const outputs = batches.map((x) => () => tf.matMul(x, tf.matMul(k, tf.reshape(w, [2, 3]) as Tensor2D)));
    const [first, second] = outputs.map((own) =>
      lossObjective({ outputs: own, loss: (z) => tf.mean(tf.square(z)), likelihood: 'gaussian' }, [w]),
    );
    const kfac = new KFACOperator({ ...first!, terms: [...first!.terms, ...second!.terms] });
    const product = tf.tidy(() => kfac.matvec(tf.ones([6])));
    const [one, other] = outputs.map((own) => expectedDiagonal(own, [w]));
    const expected = one!.map((value, j) => value + other![j]!);
    expect(relativeError(Array.from(product.dataSync()), expected)).toBeLessThan(5e-6);
    kfac.dispose();
    tf.dispose([k, w, batches, product]);
  });
});
