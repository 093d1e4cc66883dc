import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { JacobianOperator } from '../../../src/operators/jacobian-operator.js';
import { loadGolden, relativeError } from '../../golden-case.js';
import { goldenFiles } from '../../golden-files.js';
import { useBackend } from '../../wasm-backend.js';

/** As in the tests of the Hessian on these cases: rounding is 1e-7 to 6e-6 of the result. */
const tolerance = 2e-5;

/** Nets under mean squared error without regularisers: their gradient is Jᵀu for u = 2(z − y)/m. */
const files = goldenFiles().filter(
  ({ loss, name }) => loss === 'meanSquaredError' && !name.includes('regularisers'),
);

describe.each(['cpu', 'wasm'] as const)(
  'the Jacobian of the nets of double-precision references on %s',
  (backend) => {
    beforeAll(() => useBackend(backend));

    it('are many', () => {
      expect(files.length).toBeGreaterThan(60);
    });

    it.each(files.map((file) => [file.name, file] as const))('%s', async (_, file) => {
      const { model, x, y, v, dispose } = await loadGolden(file);
      const { numTensors } = tf.memory();
      const jacobian = new JacobianOperator(model, x, { training: file.training });
      const [m] = jacobian.shape;
      const u: Tensor1D = tf.tidy(() => {
        const z = model.apply(x, { training: file.training }) as Tensor;
        return tf.mul(tf.reshape(tf.sub(z, y), [m]), 2 / m);
      });
      const gradient = jacobian.rmatvec(u);
      expect(relativeError(gradient.dataSync(), file.expected.grad.flat()), 'Jᵀu').toBeLessThan(tolerance);
      const image = jacobian.matvec(v);
      const [one, other, scale] = tf.tidy(() => [
        tf.dot(u, image).dataSync()[0]!,
        tf.dot(gradient, v).dataSync()[0]!,
        tf.norm(u).dataSync()[0]! * tf.norm(image).dataSync()[0]!,
      ]) as [number, number, number];
      expect(Math.abs(one - other), '⟨u, Jv⟩ = ⟨Jᵀu, v⟩').toBeLessThan(tolerance * scale);
      tf.dispose([u, gradient, image]);
      jacobian.dispose();
      expect(tf.memory().numTensors).toBe(numTensors);
      dispose();
    });
  },
);
