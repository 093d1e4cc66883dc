import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gradientAlignment } from '../../../src/analysis/alignment.js';
import { distanceTravelled } from '../../../src/analysis/distance-travelled.js';
import { influence } from '../../../src/analysis/influence.js';
import { laplace } from '../../../src/analysis/laplace.js';
import { layerReport } from '../../../src/analysis/layer-report.js';
import { lossSurface } from '../../../src/analysis/loss-surface.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { checkOperator } from '../../../src/operators/check-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';
import { normal } from '../operators/kfac-case.js';

it.each([1e-25, 1e25])('lengths near %d are measured', async (scale) => {
  await useBackend('cpu');
  const w = variableOf([0, 0]);
  const travelled = distanceTravelled([w]);
  w.assign(tf.tensor1d([3 * scale, -4 * scale]));
  expect((await travelled.measure(1)).distance / scale).toBeCloseTo(5, 5);
  travelled.dispose();
  const matrix = tf.tensor2d([3 * scale, 4 * scale, 4 * scale, 0], [2, 2]);
  const operator = matrixOperator(matrix);
  expect((operator.magnitude!() as number) / scale).toBeCloseTo(5, 5);
  const report = await checkOperator(operator);
  expect(report.findings).toEqual([]);
  expect(report.linearity).toBeLessThan(1e-5);
  operator.dispose();
  tf.dispose([w, matrix]);
});

it('laplace has a gradient as long as its noise is short', async () => {
  await useBackend('cpu');
  const [xs, w] = [normal([5, 3], 3), variableOf([1, -2, 0.5])];
  const objective = lossObjective(
    {
      outputs: () => tf.matMul(xs, tf.reshape(w, [3, 1])),
      loss: (z) => tf.mean(tf.square(tf.sub(z!, 1))),
      likelihood: 'gaussian',
    },
    [w],
  );
  const lengths: number[] = [];
  for (const noise of [1, 1e-10]) {
    const { gradientNorm } = await laplace(objective, { priorPrecision: 1e-20, noise, structure: 'full' });
    lengths.push(gradientNorm * noise ** 2);
  }
  expect(lengths[1]! / lengths[0]!).toBeCloseTo(1, 4);
  tf.dispose([xs, w]);
});

describe.each([1e-25, 1, 1e25])('a loss %s times as large', (scale) => {
  beforeAll(() => useBackend('cpu'));

  /** scale · mean (x·w − 1)² */
  function regression() {
    const [xs, w] = [normal([5, 3], 3), variableOf([1, -2, 0.5])];
    const objective = lossObjective(
      {
        outputs: () => tf.matMul(xs, tf.reshape(w, [3, 1])),
        loss: (z) => tf.mul(scale, tf.mean(tf.square(tf.sub(z!, 1)))),
        likelihood: 'gaussian',
      },
      [w],
    );
    const rows = xs.arraySync() as number[][];
    const values = Array.from(w.dataSync());
    const errors = rows.map((row) => row.reduce((sum, x, j) => sum + x * values[j]!, -1));
    const gradient = values.map((_, j) =>
      rows.reduce((sum, row, i) => sum + (2 / 5) * row[j]! * errors[i]!, 0),
    );
    return { objective, gradientNorm: Math.hypot(...gradient), dispose: () => tf.dispose([xs, w]) };
  }

  it('has its gradient in layerReport', async () => {
    const { objective, gradientNorm, dispose } = regression();
    const { records } = await layerReport(objective, { traceTol: 0.5 });
    expect(records[0]!.gradientNorm / scale / gradientNorm).toBeCloseTo(1, 5);
    expect(records[0]!.weightNorm).toBeCloseTo(Math.hypot(1, 2, 0.5), 5);
    dispose();
  });

  it('has the same angles in gradientAlignment', async () => {
    const { objective, dispose } = regression();
    const { records } = await gradientAlignment(objective, { k: 1, minibatches: 2 });
    const own = records.find(({ direction }) => direction === 'full gradient')!;
    expect(own.meanCosine).toBeCloseTo(1, 5);
    dispose();
  });

  it('says in influence how well the system is solved', async () => {
    const { objective, dispose } = regression();
    const settings = { test: objective, damping: scale, maxIterations: 1 };
    const { residualNorm } = await influence(objective, settings);
    expect(residualNorm).toBeGreaterThan(1e-6);
    expect(residualNorm).toBeLessThan(1);
    dispose();
  });
});

it.each([1e-20, 1, 1e20])('lossSurface goes through points that lie %s apart', async (size) => {
  await useBackend('cpu');
  const w = variableOf([0, 0, 0]);
  const objective = lossObjective(() => tf.mul(1 / size, tf.sum(tf.mul(w, [1, 2, 3]))) as tf.Scalar, [w]);
  const points = [
    [0, 0, 0],
    [size, 0, 0],
    [size, size, 0],
  ].map((point) => tf.tensor1d(point));
  const { points: marks } = await lossSurface(objective, { plane: { points }, extent: 1, steps: 2 });
  const expected = [
    [0, 0],
    [1, 0],
    [1, 1],
  ];
  marks.forEach(({ x, y }, i) => {
    expect(x / size).toBeCloseTo(expected[i]![0]!, 5);
    expect(y / size).toBeCloseTo(expected[i]![1]!, 5);
  });
  const parallel = points.slice(0, 2).concat([tf.tensor1d([2 * size, 0, 0])]);
  await expect(lossSurface(objective, { plane: { points: parallel }, extent: 1 })).rejects.toThrow(
    /three points that do not lie on a line, received parallel ones/,
  );
  tf.dispose([w, points, parallel]);
});
