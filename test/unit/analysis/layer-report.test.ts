import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { beforeEach, describe, expect, it } from 'vitest';
import { layerReport } from '../../../src/analysis/layer-report.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

describe('layerReport', () => {
  beforeEach(() => useBackend('cpu'));

  it('gives the closed form of a quadratic, variable by variable', async () => {
    // L = ½ (4 a₀² + a₁²) + ½ bᵀ B b − b₀: blocks diag(4, 1) and B, whatever couples them.
    const [a, b] = [variableOf([1, 2]), variableOf([3, 0, 1])];
    const matrix = [
      [2, 1, 0],
      [1, 2, 0],
      [0, 0, -5],
    ];
    const objective = lossObjective(
      () =>
        tf.tidy(() => {
          const column = tf.reshape(b, [3, 1]);
          const curved = tf.sum(tf.mul(column, tf.matMul(tf.tensor2d(matrix), column)));
          const first = tf.add(tf.sum(tf.mul(tf.tensor1d([4, 1]), tf.square(a))), curved);
          const coupling = tf.mul(tf.sum(a), tf.sum(b));
          return tf.add(tf.mul(first, 0.5), coupling) as tf.Scalar;
        }),
      [a, b],
    );
    const before = tf.memory().numTensors;
    const { records, loss } = await layerReport(objective);
    expect(tf.memory().numTensors).toBe(before);
    expect(records.map(({ layer, parameters, status }) => [layer, parameters, status])).toEqual([
      [a.name, 2, 'converged'],
      [b.name, 3, 'converged'],
    ]);
    const expected = [
      // ∇_a = (4·1 + 4, 2 + 4); ∇_b = Bb + 3 = (6 + 3, 3 + 3, −5 + 3).
      { sharpness: 4, trace: 5, gradientNorm: Math.hypot(8, 6), weightNorm: Math.sqrt(5) },
      { sharpness: 3, trace: -1, gradientNorm: Math.hypot(9, 6, 2), weightNorm: Math.sqrt(10) },
    ];
    records.forEach((record, i) => {
      for (const [name, value] of Object.entries(expected[i]!)) {
        // Float32 products; the traces of matrices this small are exact.
        expect(record[name as 'trace'], name).toBeCloseTo(value, 4);
      }
      expect(record.tracePerParameter).toBeCloseTo(expected[i]!.trace / record.parameters, 4);
    });
    // ½(4 + 4) + ½(18 − 5) + 3·4
    expect(loss).toBeCloseTo(22.5, 4);
    tf.dispose([a, b]);
  });

  it('agrees with the dense blocks of a linear classifier, whose Hessian is known', async () => {
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 3, inputShape: [4], activation: 'softmax', name: 'logits' })],
    });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const xs = tf.randomNormal([30, 4], 0, 1, 'float32', 1) as tf.Tensor2D;
    const ys = tf.tidy(() =>
      tf.cast(
        tf.oneHot(
          Array.from({ length: 30 }, (_, i) => i % 3),
          3,
        ),
        'float32',
      ),
    );
    const { records } = await layerReport({ model, data: { xs, ys } }, { tol: 1e-4, hessianExamples: 30 });
    // H = mean over the examples of (diag p − p pᵀ) ⊗ x̃ x̃ᵀ with x̃ = (x, 1) (Böhning 1992).
    const inputs = xs.arraySync().map((x) => [...x, 1]);
    const outputs = (model.predict(xs) as tf.Tensor2D).arraySync();
    const hessian = Matrix.zeros(15, 15);
    inputs.forEach((x, i) => {
      const p = Matrix.columnVector(outputs[i]!);
      const column = Matrix.columnVector(x);
      const ofOutput = Matrix.diag(outputs[i]!).sub(p.mmul(p.transpose()));
      hessian.add(column.mmul(column.transpose()).kroneckerProduct(ofOutput).div(inputs.length));
    });
    const { realEigenvalues } = new EigenvalueDecomposition(hessian, { assumeSymmetric: true });
    expect(records).toHaveLength(1);
    expect(records[0]!.layer).toBe('logits');
    expect(records[0]!.sharpness / Math.max(...realEigenvalues)).toBeCloseTo(1, 5);
    // Two standard errors, which are to cover 95 of 100.
    expect(Math.abs(records[0]!.trace - hessian.trace())).toBeLessThan(2 * records[0]!.traceError + 1e-5);
    expect(records[0]!.traceError).toBeLessThan(0.05 * hessian.trace());
    tf.dispose([xs, ys]);
    model.dispose();
  });

  it('tells of a layer whose products are not finite', async () => {
    const [a, b] = [variableOf([1]), variableOf([0])];
    const objective = lossObjective(
      () => tf.add(tf.sum(tf.square(a)), tf.sum(tf.pow(b, 1.5))) as tf.Scalar,
      [a, b],
    );
    const { records } = await layerReport(objective);
    expect(records[0]).toMatchObject({ sharpness: 2, trace: 2, status: 'converged' });
    expect(records[1]).toMatchObject({ sharpness: NaN, status: 'nonFinite' });
    tf.dispose([a, b]);
  });

  it('tells layers of the same name apart, in models that are layers', async () => {
    const part = (units: number, inputs: number) =>
      tfl.sequential({ layers: [tfl.layers.dense({ units, inputShape: [inputs], name: 'fc' })] });
    const [first, second] = [part(3, 2), part(1, 3)];
    const input = tfl.input({ shape: [2] });
    const output = second.apply(first.apply(input)) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: output });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const data = { xs: tf.ones([4, 2]), ys: tf.zeros([4, 1]) };
    const { records } = await layerReport({ model, data });
    expect(records.map(({ layer, parameters }) => [layer, parameters])).toEqual([
      ['fc', 2 * 3 + 3],
      ['fc_1', 3 + 1],
    ]);
  });
});
