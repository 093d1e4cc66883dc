import type { Scalar, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Linearization } from '../../../src/autodiff/linearize.js';
import { autoRetainBytes, linearizeObjective } from '../../../src/objectives/linearize-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { SeededRandom } from '../../../src/random.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { peakBytes } from '../../peak-bytes.js';
import { useBackend } from '../../wasm-backend.js';

/** Rows of each batch: the second needs more memory than all the others. */
const batches = [100, 400, 50, 60];
const total = 610;
const weights = [0.5, -1, 0.25];
const direction = [1, 2, -1];

describe.each(['cpu', 'wasm'] as const)('what `retain` keeps on %s', (backend) => {
  let rows: number[][];
  let data: Tensor2D[];
  let variable: Variable;
  let objective: Objective;
  let v: Tensor1D;
  let evaluations: number;

  beforeEach(async () => {
    await useBackend(backend);
    const random = new SeededRandom(3);
    rows = Array.from({ length: total }, () => weights.map(() => random.normal()));
    variable = variableOf(weights);
    v = tf.tensor1d(direction);
    let begin = 0;
    data = batches.map((count) => tf.tensor2d(rows.slice(begin, (begin += count))));
    evaluations = 0;
    objective = {
      ...lossObjective(() => tf.scalar(0), [variable]),
      terms: data.map((x) => ({
        weight: x.shape[0] / total,
        loss: () => {
          evaluations++;
          return quartic(x, variable);
        },
      })),
    };
  });
  afterEach(() => tf.dispose([variable, v, ...data]));

  /** L = mean (x·w)⁴, so Hv = mean 12 (x·w)² (x·v) x. */
  function expected(): number[] {
    const inner = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    return weights.map(
      (_, i) =>
        rows.reduce((sum, x) => sum + 12 * inner(x, weights) ** 2 * inner(x, direction) * x[i]!, 0) / total,
    );
  }

  /** What is held, a product, and how many terms had to be evaluated anew for it. */
  function measure(make: () => Linearization): { bytes: number; product: Float32Array; rebuilt: number } {
    const before = tf.memory().numBytes;
    const linearization = make();
    const bytes = tf.memory().numBytes - before;
    evaluations = 0;
    const hv = linearization.hvp(v);
    const product = hv.dataSync<'float32'>();
    hv.dispose();
    linearization.dispose();
    expect(tf.memory().numBytes).toBe(before);
    return { bytes, product, rebuilt: evaluations };
  }

  const withBudget = (budget: number): ReturnType<typeof measure> =>
    measure(() => linearizeObjective(objective, budget, 'test'));

  it('has a default budget of 512 MiB, in which small tapes all fit', () => {
    expect(autoRetainBytes).toBe(512 * 1024 * 1024);
    expect(measure(() => linearizeObjective(objective, 'auto', 'test')).rebuilt).toBe(0);
  });

  it('is all, nothing, or the tapes that fit the budget, and the products are the same', () => {
    const [all, none] = [true, false].map((retain) =>
      measure(() => linearizeObjective(objective, retain, 'test')),
    );
    expect([all!.rebuilt, none!.rebuilt]).toEqual([0, 4]);
    // Sums of 610 products of six numbers, in float32.
    expect(relativeError(all!.product, expected())).toBeLessThan(3e-6);
    expect(none!.product).toEqual(all!.product);

    // Loss and gradient stay in any case.
    const tapes = all!.bytes - none!.bytes;
    const perRow = tapes / total;
    const cases: [budget: number, kept: number[]][] = [
      [1.01 * tapes, [100, 400, 50, 60]],
      // The large one does not fit; those after it do.
      [250 * perRow, [100, 50, 60]],
      [190 * perRow, [100, 50]],
      // A product needs one tape at a time anyway.
      [0, [100]],
    ];
    for (const [budget, kept] of cases) {
      const { bytes, product, rebuilt } = withBudget(budget);
      const held = bytes - none!.bytes;
      expect(product).toEqual(all!.product);
      expect(rebuilt, `budget ${budget}`).toBe(4 - kept.length);
      const keptRows = kept.reduce((sum, count) => sum + count, 0);
      // A tape holds a few numbers beside those per row.
      expect(held / (keptRows * perRow)).toBeCloseTo(1, 1);
      expect(held).toBeLessThanOrEqual(Math.max(budget, 110 * perRow));
    }
  });

  it('never lives beside more than one tape that is not kept', () => {
    const { bytes } = withBudget(0);
    // The budget allows the smaller three; the largest comes and goes.
    const peak = peakOf(() => linearizeObjective(objective, bytes, 'test'));
    expect(peak).toBeLessThanOrEqual(peakOf(() => linearizeObjective(objective, false, 'test')) + bytes);
  });

  function peakOf(make: () => Linearization): number {
    return peakBytes(() => {
      const linearization = make();
      linearization.hvp(v).dispose();
      linearization.dispose();
    });
  }
});

function quartic(x: Tensor2D, w: Variable): Scalar {
  return tf.tidy(() => {
    const z = tf.matMul(x, tf.reshape(w, [-1, 1]));
    return tf.mean(tf.square(tf.square(z)));
  });
}
