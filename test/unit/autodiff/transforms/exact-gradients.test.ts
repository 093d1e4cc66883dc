import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  CurvatureArgumentError,
  DifferentiationError,
  grad,
  registerExactGradients,
} from '../../../../src/index.js';
import { useBackend } from '../../../wasm-backend.js';
import { engineState, values } from './values.js';

/** Runs `f` with exact gradients registered. */
function registered<T>(f: () => T): T {
  const undo = registerExactGradients();
  try {
    return f();
  } finally {
    undo();
  }
}

const stock = (): unknown => (tf.engine() as unknown as { gradients: unknown }).gradients;

describe.each(['cpu', 'wasm'] as const)('registerExactGradients on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it("makes tf's own functions right in one another", () => {
    const t = Math.tanh(0.5);
    const second = (): Tensor => tf.grad(tf.grad((x: Tensor) => tf.tanh(x)))(tf.scalar(0.5));
    registered(() => {
      expect(values(second)[0]).toBeCloseTo(-2 * t * (1 - t * t), 6);
      expect(values(() => tf.grad(grad(tf.tanh))(tf.scalar(0.5)))[0]).toBeCloseTo(-2 * t * (1 - t * t), 6);
      expect(values(() => grad(tf.grad(tf.tanh))(0.5))[0]).toBeCloseTo(-2 * t * (1 - t * t), 6);
      const { value, grad: slope } = tf.valueAndGrad((x: Tensor) => tf.exp(x))(tf.scalar(0));
      expect([value, slope].map((x) => x.dataSync()[0])).toEqual([1, 1]);
      tf.dispose([value, slope]);
      expect(
        values(() => tf.valueAndGrads((a, b) => tf.mul(a!, b!))([tf.scalar(2), tf.scalar(3)]).grads),
      ).toEqual([3, 2]);
    });
  });

  it('trains a loss that contains a gradient, by any optimizer', () => {
    // |d/dx w² x³ at 1|² = 9 w⁴: gradient 36 w³
    const train = (optimizer: tf.Optimizer): number => {
      const start = tf.scalar(0.5);
      const w = tf.variable(start);
      const loss = (): Scalar =>
        tf.square(tf.grad((x: Tensor) => tf.mul(tf.square(w), tf.pow(x, 3)))(tf.scalar(1))) as Scalar;
      tf.tidy(() => {
        optimizer.minimize(loss, false, [w]);
      });
      const result = w.dataSync()[0]!;
      tf.dispose([start, w]);
      optimizer.dispose();
      return result;
    };
    registered(() => {
      const before = tf.memory().numTensors;
      expect(train(tf.train.sgd(0.01))).toBeCloseTo(0.5 - 0.01 * 36 * 0.125, 6);
      expect(train(tf.train.adam(0.01))).toBeCloseTo(0.49, 4);
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it('serves model.fit to the same weights', async () => {
    const fit = async (): Promise<number[]> => {
      const model = tfl.sequential({
        layers: [
          tfl.layers.dense({
            units: 4,
            activation: 'tanh',
            inputShape: [3],
            kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }),
          }),
          tfl.layers.dense({ units: 1, kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }) }),
        ],
      });
      model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError', metrics: ['mae'] });
      const [xs, ys] = [
        tf.randomNormal([8, 3], 0, 1, 'float32', 3),
        tf.randomNormal([8, 1], 0, 1, 'float32', 4),
      ];
      await model.fit(xs, ys, { epochs: 3, batchSize: 4, shuffle: false, verbose: 0 });
      const weights = model.getWeights().flatMap((w) => Array.from(w.dataSync()));
      tf.dispose([xs, ys]);
      model.optimizer.dispose();
      model.dispose();
      return weights;
    };
    const want = await fit();
    const before = tf.memory().numTensors;
    const undo = registerExactGradients();
    const got = await fit();
    undo();
    expect(tf.memory().numTensors).toBe(before);
    got.forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 5));
  });

  it('takes custom gradients that read on the host, once', () => {
    const op = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as Tensor]);
      const doubled = Array.from((x as Tensor).dataSync()).map((entry) => 2 * entry);
      return {
        value: tf.square(x as Tensor),
        gradFunc: (dy, saved) =>
          tf.mul(dy, saved[0]!.dataSync()[0]! > 0 ? tf.tensor(doubled, dy.shape) : tf.zerosLike(dy)),
      };
    });
    registered(() => {
      expect(values(() => tf.grad((x: Tensor) => op(x))(tf.tensor1d([3, 1])))).toEqual([6, 2]);
      expect(values(() => grad((x) => op(x))([3, 1]))).toEqual([6, 2]);
      // Twice through what it is given is no matter: d/dy of y · op′(3)
      expect(values(() => grad((y) => tf.mul(y, grad((x) => op(x))(3)))(1))).toEqual([6]);
      const before = tf.memory().numTensors;
      let error: unknown;
      try {
        tf.tidy(() => void tf.grad(tf.grad((x: Tensor) => tf.sum(op(x))))(tf.tensor1d([3])));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(DifferentiationError);
      expect(error).toMatchObject({ op: 'tf.customGrad', layer: null, order: 2 });
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it('takes whole numbers for the real ones that they are, as stock does', () => {
    const x = (): Tensor => tf.tensor1d([1, 2], 'int32');
    registered(() => {
      expect(values(() => tf.grad((t: Tensor) => tf.square(tf.cast(t, 'float32')))(x()))).toEqual([2, 4]);
      expect(values(() => tf.grad((t: Tensor) => tf.mul(t, t))(x()))).toEqual([2, 4]);
      // A step on the way is none of them.
      expect(
        values(() => tf.grad((t: Tensor) => tf.cast(tf.cast(t, 'int32'), 'float32'))(tf.scalar(1.5))),
      ).toEqual([0]);
      expect(
        values(() => tf.grad((t: Tensor) => tf.gather(tf.tensor1d([5, 6, 7]), t as tf.Tensor1D))(x())),
      ).toEqual([0, 0]);
    });
  });

  it('cures what stock gets wrong at first order', () => {
    registered(() => {
      // ThresholdedReLU: stock has no gradient for Greater
      expect(
        values(() =>
          tf.grad((x: Tensor) => tfl.layers.thresholdedReLU({ theta: 1 }).apply(x) as Tensor)(
            tf.tensor2d([[0.5, 2]]),
          ),
        ),
      ).toEqual([0, 1]);
    });
  });
});

describe('registration', () => {
  beforeAll(() => useBackend('cpu'));
  afterEach(() => vi.resetModules());

  it('gives the same undo while it lasts, and gives the engine back', () => {
    const [state, gradients] = [engineState(), stock()];
    const undo = registerExactGradients();
    expect(registerExactGradients()).toBe(undo);
    expect(stock()).not.toBe(gradients);
    undo();
    expect(stock()).toBe(gradients);
    expect(engineState()).toEqual(state);
    undo();
    const again = registerExactGradients();
    undo();
    expect(stock()).not.toBe(gradients);
    again();
    expect(engineState()).toEqual(state);
  });

  it('is counted over copies of the package, in whichever order they end', async () => {
    const gradients = stock();
    vi.resetModules();
    const other = await import('../../../../src/autodiff/transforms/exact-gradients.js');
    expect(other.registerExactGradients).not.toBe(registerExactGradients);
    for (const reversed of [false, true]) {
      const undos = [registerExactGradients(), other.registerExactGradients()];
      expect(undos[0]).not.toBe(undos[1]);
      if (reversed) undos.reverse();
      undos[0]!();
      undos[0]!();
      expect(stock()).not.toBe(gradients);
      expect(values(() => tf.grad(tf.grad((x: Tensor) => tf.exp(x)))(tf.scalar(0)))).toEqual([1]);
      undos[1]!();
      expect(stock()).toBe(gradients);
    }
  });

  it('works in one another over copies of the package', async () => {
    vi.resetModules();
    const other = await import('../../../../src/index.js');
    const cube = (x: Tensor): Tensor => tf.pow(x, 3);
    expect(values(() => grad(other.grad(cube))(2))[0]).toBeCloseTo(12, 4);
    expect(values(() => other.grad((x) => other.jvp(cube, x, x)[1])(2))[0]).toBeCloseTo(36, 4);
    expect(values(() => grad((x) => other.jvp(cube, x, x)[1])(2))[0]).toBeCloseTo(36, 4);
    expect(values(() => grad((x) => other.vjp(cube, x)[1](x) as Tensor)(2))[0]).toBeCloseTo(36, 4);
    expect(values(() => other.hessian((x) => grad(cube)(x) as Scalar)(tf.scalar(2)))[0]).toBeCloseTo(6, 4);
  });

  it('refuses inside a running gradient, and goes on', () => {
    const state = engineState();
    const inside = (f: () => unknown): unknown => {
      let error: unknown;
      tf.tidy(() => {
        tf.grad((x: Tensor) => {
          try {
            f();
          } catch (thrown) {
            error = thrown;
          }
          return tf.square(x);
        })(tf.scalar(1));
      });
      return error;
    };
    expect(inside(registerExactGradients)).toBeInstanceOf(CurvatureArgumentError);
    const undo = registerExactGradients();
    expect(inside(registerExactGradients)).toBeInstanceOf(CurvatureArgumentError);
    expect(inside(undo)).toBeInstanceOf(CurvatureArgumentError);
    undo();
    expect(engineState()).toEqual(state);
  });

  it('leaves what others have put over it', () => {
    const engine = tf.engine() as unknown as { gradients: unknown };
    const undo = registerExactGradients();
    const ours = engine.gradients;
    const theirs = (): void => undefined;
    engine.gradients = theirs;
    expect(undo).toThrow(/registerExactGradients undo: expected to be called before others replace/);
    expect(engine.gradients).toBe(theirs);
    engine.gradients = ours;
    undo();
    expect(Object.hasOwn(engine, 'gradients')).toBe(false);
  });
});
