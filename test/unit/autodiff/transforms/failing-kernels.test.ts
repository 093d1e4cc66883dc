import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DifferentiationError,
  grad,
  hessian,
  jacobian,
  jvp,
  linearize,
  NSGD,
  registerExactGradients,
  variableGrads,
  vjp,
} from '../../../../src/index.js';
import { useBackend } from '../../../wasm-backend.js';
import { engineState } from './values.js';

/** Runs `f` with a kernel call that throws: the n-th, counted from 0. Tells whether it came to that. */
function withFailure(n: number, error: () => Error, f: () => void): boolean {
  let calls = 0;
  let failed = false;
  const originals = tf.getKernelsForBackend(tf.getBackend());
  for (const config of originals) {
    tf.unregisterKernel(config.kernelName, config.backendName);
    tf.registerKernel({
      ...config,
      kernelFunc: (call) => {
        if (calls++ === n) {
          failed = true;
          throw error();
        }
        return config.kernelFunc(call);
      },
    });
  }
  try {
    f();
  } catch {
    expect(failed).toBe(true);
  } finally {
    for (const config of originals) {
      tf.unregisterKernel(config.kernelName, config.backendName);
      tf.registerKernel(config);
    }
  }
  return failed;
}

const f = (x: Tensor): Tensor => tf.sum(tf.mul(tf.tanh(x), tf.exp(tf.mul(x, x))));

describe('a kernel that fails', () => {
  beforeAll(() => useBackend('cpu'));

  it('leaves nothing on the device and the engine as it was, whichever it is', () => {
    const x = tf.tensor1d([0.3, -0.2]);
    const w = tf.variable(x);
    const penalty = (): Scalar => tf.sum(tf.square(grad((t) => f(tf.mul(t, w)))(x))) as Scalar;
    const runs: Record<string, () => unknown> = {
      grad: () => grad(grad(f))(x),
      jacobian: () => jacobian(tf.tanh)(x),
      hessian: () => hessian((t) => f(t) as Scalar)(x),
      jvp: () => jvp(f, x, x),
      vjp: () => {
        const [value, pullback] = vjp(f, x);
        try {
          value.dispose();
          return pullback(tf.scalar(1));
        } finally {
          pullback.dispose();
        }
      },
      variableGrads: () => variableGrads(penalty, [w]),
      'tf.variableGrads': () => {
        const undo = registerExactGradients();
        try {
          return tf.variableGrads(penalty, [w]);
        } finally {
          undo();
        }
      },
      'linearize, hvp': () => {
        const linearization = linearize(penalty, [w]);
        try {
          return linearization.hvp(x);
        } finally {
          linearization.dispose();
        }
      },
      'a step of NSGD': () => {
        const optimizer = new NSGD({ learningRate: 0, gamma: 1, refreshEvery: 0 });
        try {
          return optimizer.minimize(penalty, true, [w]);
        } finally {
          optimizer.dispose();
        }
      },
      'a refresh of NSGD': () => {
        const optimizer = new NSGD({ learningRate: 0, k: 1 });
        try {
          return optimizer.minimize(penalty, true, [w]);
        } finally {
          optimizer.dispose();
        }
      },
    };
    for (const [name, run] of Object.entries(runs)) {
      const [before, state] = [tf.memory().numTensors, engineState()];
      // Every third call, from the first to the last.
      for (
        let n = 0;
        withFailure(
          n,
          () => new Error('the kernel broke'),
          () => tf.tidy(() => void run()),
        );
        n += 3
      ) {
        expect(tf.memory().numTensors, `${name}, call ${n}`).toBe(before);
        expect(engineState(), `${name}, call ${n}`).toEqual(state);
      }
    }
    tf.dispose([x, w]);
  });

  it('for want of memory is a RangeError that says what to do, and no fault of the op', () => {
    const x = tf.tensor1d([0.3, -0.2]);
    const op = tf.customGrad((t) => ({
      value: tf.exp(t as Tensor),
      gradFunc: () => {
        throw new RangeError('Array buffer allocation failed');
      },
    }));
    const attempt = (run: () => unknown): unknown => {
      try {
        tf.tidy(() => void run());
      } catch (error) {
        return error;
      }
      return null;
    };
    const inBackward = attempt(() => grad((t) => op(t))(x));
    expect(inBackward).toBeInstanceOf(RangeError);
    expect((inBackward as Error).message).toMatch(/^Out of memory while computing a gradient.*batchSize/);
    expect(inBackward).not.toBeInstanceOf(DifferentiationError);
    // One that calls itself without end is no matter of memory.
    const endless = tf.customGrad((t) => ({
      value: tf.exp(t as Tensor),
      gradFunc: () => {
        throw new RangeError('Maximum call stack size exceeded');
      },
    }));
    expect(attempt(() => grad((t) => endless(t))(x))).toBeInstanceOf(DifferentiationError);
    x.dispose();
  });

  it('for want of a backend says so', async () => {
    const cpu = tf.findBackendFactory('cpu');
    tf.registerBackend('passing', cpu);
    tf.copyRegisteredKernels('cpu', 'passing');
    await tf.setBackend('passing');
    const x = tf.tensor1d([0.3, -0.2]);
    const op = tf.customGrad((t) => ({
      value: tf.exp(t as Tensor),
      gradFunc: (dy) => {
        tf.removeBackend('passing');
        return tf.mul(dy, 2);
      },
    }));
    expect(() => grad((t) => op(t))(x)).toThrow(/^The TensorFlow\.js backend was removed or reset/);
    await useBackend('cpu');
  });
});
