import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { conditionNumber } from '../../../src/estimators/condition-number.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

const squares = (z: Tensor): Tensor => tf.mean(tf.square(z));

describe('the magnitude of an inverse of KFACOperator is its largest eigenvalue', () => {
  beforeEach(() => useBackend('cpu'));

  // A = E[x xᵀ] = diag(2, 1/2) and B = 2: K = diag(4, 1).
  it.each([
    { damping: 0, split: 'exact', norm: 1 },
    { damping: 3, split: 'exact', norm: 1 / 4 },
    // π² = (5/4)/2, with π√δ on A and √δ/π on B.
    { damping: 0.4, split: 'factored', norm: 1 / (0.5 + Math.sqrt(0.25)) / (2 + Math.sqrt(0.64)) },
  ] as const)('of factors: $split, $damping', async ({ damping, split, norm }) => {
    const [xs, w] = [tf.tensor2d([2, 0, 0, 1], [2, 2]), variableOf([1, -1])];
    const outputs = (): Tensor => tf.matMul(xs, tf.reshape(w, [2, 1]));
    const kfac = new KFACOperator(lossObjective({ outputs, loss: squares, likelihood: 'gaussian' }, [w]));
    const inverse = await kfac.inverse({ damping, split });
    expect(inverse.magnitude!()).toBeCloseTo(norm, 5);
    if (damping === 0) expect((await conditionNumber(inverse)).value).toBeCloseTo(4, 4);
    for (const held of [xs, w, kfac, inverse]) held.dispose();
  });

  it('of a diagonal', async () => {
    // z = v², the mean of z²: J = diag(2v), ∇²ℓ = I, so that K = diag(4v²).
    const v = variableOf([0.25, 3]);
    const outputs = (): Tensor => tf.reshape(tf.mul(v, v), [2, 1]);
    const kfac = new KFACOperator(lossObjective({ outputs, loss: squares, likelihood: 'gaussian' }, [v]));
    const inverse = await kfac.inverse({ damping: 0 });
    expect(inverse.magnitude!()).toBeCloseTo(4, 5);
    expect((await conditionNumber(inverse)).value).toBeCloseTo(144, 2);
    for (const held of [v, kfac, inverse]) held.dispose();
  });
});
