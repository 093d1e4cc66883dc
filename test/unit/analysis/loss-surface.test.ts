import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import { filterNormalised } from '../../../src/analysis/filter-normalised.js';
import type { LossSurface } from '../../../src/analysis/loss-surface.js';
import { lossSurface } from '../../../src/analysis/loss-surface.js';
import { ParameterSpace } from '../../../src/parameters.js';
import { useBackend } from '../../wasm-backend.js';
import { fourDimensional, noisyQuadratic } from './noisy-quadratic.js';

const { at } = fourDimensional;

/** Float32 rounding of a loss and of the point that it is taken at. */
function expectLoss(found: number, expected: number): void {
  expect(Math.abs(found - expected)).toBeLessThan(1e-5 * Math.abs(expected) + 1e-5);
}

describe('lossSurface', () => {
  beforeEach(() => useBackend('cpu'));

  it('is the quadratic itself in the plane of its two sharpest directions', async () => {
    const form = noisyQuadratic(fourDimensional);
    const before = tf.memory().numTensors;
    const { eigenpairs } = form;
    const surface = await lossSurface(form.objective, {
      plane: 'eigenvectors',
      extent: 2,
      steps: 5,
      eigenpairs,
    });
    expect(surface.xs).toEqual([-2, -1, 0, 1, 2]);
    expect(surface.ys).toEqual(surface.xs);
    expect(surface.eigenvalues).toEqual(fourDimensional.eigenvalues.slice(0, 2));
    surface.ys.forEach((y, j) =>
      surface.xs.forEach((x, i) =>
        expectLoss(surface.losses[j]![i]!, form.loss([at[0]! + x, at[1]! + y, at[2]!, at[3]!])),
      ),
    );
    expect(surface.points).toHaveLength(1);
    expectLoss(surface.points[0]!.loss, form.loss(at));
    expect(surface.losses[2]![2]).toBe(surface.points[0]!.loss);
    expect(tf.memory().numTensors).toBe(before);
    form.dispose();
  });

  it('takes directions as they are, of any length', async () => {
    const form = noisyQuadratic(fourDimensional);
    const directions = tf.tensor2d([
      [3, 0, 0, 4],
      [0, 1, 1, 0],
    ]);
    const surface = await lossSurface(form.objective, { plane: { directions }, extent: 0.5, steps: 2 });
    surface.ys.forEach((y, j) =>
      surface.xs.forEach((x, i) => {
        const w = [at[0]! + 3 * x, at[1]! + y, at[2]! + y, at[3]! + 4 * x];
        expectLoss(surface.losses[j]![i]!, form.loss(w));
      }),
    );
    directions.dispose();
    form.dispose();
  });

  it('passes through three points, the second on the x-axis', async () => {
    const form = noisyQuadratic(fourDimensional);
    const corners = [
      [1, 2, 0, 0],
      [4, 6, 0, 0],
      [1, 2, 2, 0],
    ];
    const points = corners.map((corner) => tf.tensor1d(corner));
    const surface = await lossSurface(form.objective, { plane: { points }, extent: 0.2, steps: 3 });
    // From the first to the second 3, 4, 0, 0: a length of 5. The third lies at a right angle, 2 away.
    const expected = [
      [0, 0],
      [5, 0],
      [0, 2],
    ];
    surface.points.forEach(({ x, y, loss }, i) => {
      expect(x).toBeCloseTo(expected[i]![0]!, 5);
      expect(y).toBeCloseTo(expected[i]![1]!, 5);
      expectLoss(loss, form.loss(corners[i]!));
    });
    // A rectangle of 5 by 2 with a margin of 0.2 · 5 on all sides.
    [-1, 2.5, 6].forEach((x, i) => expect(surface.xs[i]).toBeCloseTo(x, 5));
    [-1, 1, 3].forEach((y, j) => expect(surface.ys[j]).toBeCloseTo(y, 5));
    expectLoss(surface.losses[1]![1]!, form.loss([1 + 0.6 * 2.5, 2 + 0.8 * 2.5, 1, 0]));
    tf.dispose(points);
    form.dispose();
  });

  it('refuses what spans no plane, and what is of another model', async () => {
    const form = noisyQuadratic(fourDimensional);
    const before = tf.memory().numTensors;
    const call = (plane: unknown, more = {}): Promise<unknown> =>
      lossSurface(form.objective, { plane, extent: 1, steps: 2, ...more } as never);
    const rows = (...values: number[][]): { directions: tf.Tensor2D } => ({
      directions: tf.tensor2d(values),
    });
    const one = [1, 2, 3, 4];
    const planes: [plane: unknown, message: RegExp, more?: object][] = [
      [
        rows(one, [2, 4, 6, 8]),
        /expected two directions that are neither zero nor parallel, received parallel/,
      ],
      [rows(one, [0, 0, 0, 0]), /neither zero nor parallel, received lengths 5.48 and 0.00/],
      [rows(one, [NaN, 0, 0, 0]), /neither zero nor parallel, received lengths 5.48 and NaN/],
      [rows(one), /expected plane.directions, float32 rows of shape \[2, 4\]/],
      [rows([1, 0], [0, 1]), /expected plane.directions, float32 rows of shape \[2, 4\]/],
      [
        { points: [one, one, one].map((point) => tf.tensor1d(point)) },
        /three points that do not lie on a line/,
      ],
      [{ points: [tf.tensor1d(one)] }, /expected plane.points, three float32 vectors of shape \[4\]/],
      [{ points: [one, one, one].map((point) => tf.tensor1d(point)) }, /no normalise/, { normalise: 'none' }],
      ['random', /neither zero nor parallel in their filters, received lengths 0.00 and 0.00/],
      ['flat', /expected plane 'eigenvectors', 'random', \{directions\} or \{points\}, received "flat"/],
      [{}, /expected plane/],
      [undefined, /expected plane/],
    ];
    for (const [plane, message, more] of planes) {
      await expect(call(plane, more)).rejects.toThrow(message);
      tf.dispose(plane as tf.TensorContainer);
    }
    await expect(call('eigenvectors', { extent: 0 })).rejects.toThrow(/number extent > 0, received 0/);
    await expect(call('eigenvectors', { steps: 1 })).rejects.toThrow(
      /integer steps from 2 to 1000, received 1/,
    );
    expect(tf.memory().numTensors).toBe(before);
    form.dispose();
  });

  it('draws other random directions for another seed, and the same for the same', async () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const data = {
      xs: tf.randomNormal([6, 3], 0, 1, 'float32', 1),
      ys: tf.randomNormal([6, 2], 0, 1, 'float32', 2),
    };
    const surfaces: LossSurface[] = [];
    for (const seed of [0, 0, 1]) {
      surfaces.push(await lossSurface({ model, data }, { plane: 'random', extent: 1, steps: 3, seed }));
    }
    expect(surfaces[0]!.settings.normalise).toBe('filter');
    expect(surfaces[1]).toEqual(surfaces[0]);
    expect(surfaces[2]!.losses).not.toEqual(surfaces[0]!.losses);
    tf.dispose([data.xs, data.ys]);
    model.dispose();
  });
});

it('a direction gets the size of the weights, filter by filter', () => {
  tf.tidy(() => {
    const kernel = tf.variable(tf.randomNormal([3, 3, 2, 4], 0, 1, 'float32', 1));
    const dense = tf.variable(
      tf.tensor2d([
        [3, 0],
        [4, 0],
      ]),
    );
    const bias = tf.variable(tf.ones([4]));
    const parameters = new ParameterSpace([kernel, dense, bias]);
    const direction = tf.randomNormal([parameters.size], 0, 1, 'float32', 2) as tf.Tensor1D;
    const [ofKernel, ofDense, ofBias] = parameters.unflatten(filterNormalised(parameters, direction));
    const [raw] = parameters.unflatten(direction);
    for (let filter = 0; filter < 4; filter++) {
      const one = (tensor: tf.Tensor): Float32Array =>
        tf.slice(tensor, [0, 0, 0, filter], [3, 3, 2, 1]).dataSync() as Float32Array;
      const length = (tensor: tf.Tensor): number => Math.hypot(...one(tensor));
      expect(length(ofKernel!)).toBeCloseTo(length(kernel), 5);
      const factor = length(kernel) / length(raw!);
      one(raw!).forEach((x, i) => expect(one(ofKernel!)[i]).toBeCloseTo(factor * x, 5));
    }
    // The filter of zeros stays where it is.
    const [[a, zero], [b, zeroToo]] = ofDense!.arraySync() as number[][] as [
      [number, number],
      [number, number],
    ];
    expect(Math.hypot(a, b)).toBeCloseTo(5, 5);
    expect([zero, zeroToo]).toEqual([0, 0]);
    expect(Math.max(...tf.abs(ofBias!).dataSync())).toBe(0);
  });
});
