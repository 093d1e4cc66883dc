import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HessianOperator, linearize, lossObjective, NSGD } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

/*
 * A loss that assigns to a variable between two uses of it, as spectral norms and moving averages do:
 * L(v) = Σ f(v)·s + Σ f(v)·2s = 3 Σ f(v)·s for s = [1, 10].
 */
describe.each(['cpu', 'wasm'] as const)(
  'a variable that a loss assigns to between two uses, on %s',
  (backend) => {
    let v: tf.Variable;
    let s: tf.Variable;
    let numTensors = 0;
    beforeEach(async () => {
      await useBackend(backend);
      v = tf.variable(tf.tensor1d([1, 2]));
      s = tf.variable(tf.tensor1d([1, 10]));
      numTensors = tf.memory().numTensors;
    });
    afterEach(() => {
      expect(Array.from(s.dataSync())).toEqual([1, 10]);
      expect(tf.memory().numTensors).toBe(numTensors);
      v.dispose();
      s.dispose();
    });

    const twice = (f: (x: tf.Tensor) => tf.Tensor) => (): tf.Scalar => {
      const before = tf.sum(tf.mul(f(v), s));
      s.assign(tf.mul(s, 2));
      return tf.add(before, tf.sum(tf.mul(f(v), s)));
    };

    it.each(['exact', 'finiteDifference'] as const)('counts with both values: %s', (method) => {
      const operator = new HessianOperator(lossObjective(twice(tf.square), [v]), { method });
      const x = tf.tensor1d([1, 1]);
      for (let product = 0; product < 2; product++) {
        const hv = operator.matvec(x);
        const [first, second] = hv.dataSync();
        expect(first).toBeCloseTo(6, method === 'exact' ? 5 : 2);
        expect(second).toBeCloseTo(60, method === 'exact' ? 4 : 1);
        hv.dispose();
      }
      expect(operator.loss()).toBeCloseTo(3 * (1 + 40), 4);
      const gradient = operator.gradient();
      expect(Array.from(gradient.dataSync())).toEqual([6, 120]);
      tf.dispose([x, gradient]);
      operator.dispose();
    });

    it('is the same to linearize, which carries the assignment out', () => {
      const linearization = linearize(
        twice((x) => x),
        [v],
      );
      expect(Array.from(linearization.gradient.dataSync())).toEqual([3, 30]);
      linearization.dispose();
      s.assign(tf.tidy(() => tf.div(s, 2)));
      numTensors = tf.memory().numTensors;
    });

    it('keeps its value where the loss throws', () => {
      const failing = (): tf.Scalar => {
        twice(tf.square)();
        throw new Error('of the user');
      };
      expect(() => new HessianOperator(lossObjective(failing, [v])).loss()).toThrow('of the user');
    });

    it('leads NSGD where SGD goes', () => {
      const optimizers = [
        new NSGD({ learningRate: 0.1, gamma: 1, k: 1, refreshEvery: 1 }),
        tf.train.sgd(0.1),
      ];
      const [nudged, plain] = optimizers.map((optimizer) => {
        v.assign(tf.tensor1d([1, 2]));
        s.assign(tf.tensor1d([1, 10]));
        optimizer.minimize(
          twice((x) => x),
          false,
          [v],
        );
        return Array.from(v.dataSync());
      });
      expect(nudged).toEqual(plain);
      for (const optimizer of optimizers) optimizer.dispose();
      s.assign(tf.tensor1d([1, 10]));
      numTensors = tf.memory().numTensors;
    });
  },
);
