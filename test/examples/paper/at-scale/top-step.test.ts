import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { stepWithin } from '../../../../examples/paper/at-scale/top-step.js';
import { startBackend } from '../../../../examples/paper/bench.js';
import { simpleCnn } from '../../../../examples/models/simple-cnn.js';
import { randomOrthonormal } from '../../../../examples/paper/random-orthonormal.js';
import { SeededRandom } from '../../../../src/random.js';

beforeAll(startBackend);

it('keeps of a step its projection on the directions', async () => {
  const shape = { inputShape: [12, 12, 1], classes: 3, seed: 1 } as const;
  const model = simpleCnn(shape, { filters: 1, kernelSize: 3, hidden: 2 });
  const read = (): number[] => model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));
  const rows = randomOrthonormal(3, model.countParams(), new SeededRandom(1));
  const theta = read();
  const before = tf.memory().numTensors;
  // θ + 1, in every coordinate.
  await stepWithin(rows, model, async () => {
    const moved = model.getWeights().map((weight) => tf.add(weight, 1));
    model.setWeights(moved);
    tf.dispose(moved);
  });
  expect(tf.memory().numTensors).toBe(before);
  const taken = read().map((value, i) => value - theta[i]!);
  const directions = rows.arraySync();
  const along = directions.map((row) => row.reduce((sum, value) => sum + value, 0));
  taken.forEach((value, i) => {
    const expected = along.reduce((sum, alpha, k) => sum + alpha * directions[k]![i]!, 0);
    // Differences of float32 numbers below 2.
    expect(Math.abs(value - expected)).toBeLessThan(1e-6);
  });
  rows.dispose();
  model.dispose();
});
