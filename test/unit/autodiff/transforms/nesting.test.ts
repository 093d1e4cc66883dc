import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  CurvatureArgumentError,
  grad,
  grads,
  hessian,
  jacobian,
  jvp,
  linearize,
  valueAndGrad,
  valueAndGrads,
  variableGrads,
  vjp,
} from '../../../../src/index.js';
import { useBackend } from '../../../wasm-backend.js';
import { engineState, expectRefusal, values } from './values.js';

const cube = (x: Tensor): Tensor => tf.mul(x, tf.square(x));

describe.each(['cpu', 'wasm'] as const)('derivatives in one another, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('do not mix their perturbations', () => {
    // d/dx x · (d/dy x y at 2) = d/dx x² = 2 at 1
    expect(values(() => grad((x) => tf.mul(x, grad((y) => tf.mul(x, y))(2)))(1))).toEqual([2]);
    // The same with the same tensor at both places: (d/dy x y at x) = x
    expect(values(() => grad((x) => tf.mul(x, grad((y) => tf.mul(x, y))(x)))(3))).toEqual([6]);
    // d/dx x · (d/dy x + y at 1) = 1
    expect(values(() => grad((x) => tf.mul(x, grad((y) => tf.add(x, y))(1)))(1))).toEqual([1]);
    const forward = (x: Tensor, dx: Tensor, f: (x: Tensor) => Tensor): Tensor => jvp(f, x, dx)[1];
    const one = (): Tensor => tf.scalar(1);
    expect(
      values(() =>
        forward(one(), one(), (x) =>
          tf.mul(
            x,
            forward(tf.scalar(2), one(), (y) => tf.mul(x, y)),
          ),
        ),
      ),
    ).toEqual([2]);
    expect(values(() => forward(one(), one(), (x) => tf.mul(x, grad((y) => tf.mul(x, y))(2))))).toEqual([2]);
    expect(
      values(() =>
        grad((x) =>
          tf.mul(
            x,
            forward(tf.scalar(2), one(), (y) => tf.mul(x, y)),
          ),
        )(1),
      ),
    ).toEqual([2]);
  });

  it('take what was computed before as a constant', () => {
    // z = x², d/dy z y at y = x is z: x · x² has derivative 3x²
    const f = (x: Tensor): Tensor => {
      const z = tf.square(x);
      return tf.mul(x, grad((y) => tf.mul(z, y))(x));
    };
    expect(values(() => grad(f)(2))).toEqual([12]);
    // The same by tfjs's own functions inside of ours, which know x as a tensor.
    const stock = (x: Tensor): Tensor => {
      const z = tf.square(x);
      return tf.mul(x, tf.grad((y) => tf.mul(z, y))(x));
    };
    expect(values(() => grad(stock)(2))).toEqual([12]);
  });

  it('of each other kind give third derivatives of x³ · y', () => {
    const f = (x: Tensor, y: Tensor): Tensor => tf.mul(cube(x), y);
    // ∂/∂y ∂²/∂x² = 6x
    const inner = (x: Tensor, y: Tensor): Tensor => grad(grad((a) => f(a, y)))(x);
    const x = 2;
    expect(values(() => grads((a, b) => inner(a, b))([x, 5]))).toEqual([6 * 5, 6 * x]);
    expect(values(() => valueAndGrad((b) => inner(tf.scalar(x), b))(tf.scalar(5)).grad)).toEqual([12]);
    const both = valueAndGrads((a, b) => inner(a, b));
    expect(values(() => both([tf.scalar(x), tf.scalar(5)]).grads)).toEqual([30, 12]);
    expect(
      values(() => jacobian((a) => hessian((b) => f(b, a) as tf.Scalar)(tf.scalar(x)))(tf.scalar(5))),
    ).toEqual([12]);
    expect(values(() => hessian((a) => grad((b) => f(b, a))(a) as tf.Scalar)(tf.scalar(x)))).toEqual([
      18 * x,
    ]);
    expect(values(() => grad((a) => jvp((b) => f(b, a), tf.scalar(3), a)[1])(2))).toEqual([2 * 27 * 2]);
    expect(values(() => grad((a) => vjp((b) => f(b, a), tf.scalar(3))[1](a))(2))).toEqual([2 * 27 * 2]);
    expect(
      values(() => jvp((a) => vjp((b) => f(b, a), tf.scalar(3))[1](a), tf.scalar(2), tf.scalar(1))[1]),
    ).toEqual([108]);
    expect(values(() => vjp((a) => jacobian(cube)(a), tf.scalar(2))[1](tf.scalar(10)))).toEqual([120]);
  });

  it('of a vector function agree: Jacobian by rows, by columns, jvp, vjp', () => {
    // f: R³ → R² and R² → R³
    const a = [1, 2, -1, 0.5, 3, 2];
    const wide = (x: Tensor): Tensor => tf.sin(tf.dot(tf.tensor2d(a, [2, 3]), x));
    const tall = (x: Tensor): Tensor => tf.sin(tf.dot(tf.tensor2d(a, [3, 2]), x));
    for (const [f, m, point] of [
      [wide, 2, [0.1, -0.3, 0.2]],
      [tall, 3, [0.4, -0.2]],
    ] as const) {
      const n = point.length;
      const row = (i: number): number[] => a.slice(i * n, i * n + n);
      const slope = (i: number): number => Math.cos(row(i).reduce((s, c, j) => s + c * point[j]!, 0));
      const want = Array.from({ length: m }, (_, i) => row(i).map((c) => c * slope(i)));
      const x = (): Tensor => tf.tensor1d([...point]);
      const got = values(() => jacobian(f)(x()));
      got.forEach((entry, i) => expect(entry).toBeCloseTo(want.flat()[i]!, 5));
      const dx = point.map((_, i) => i + 1);
      const along = values(() => jvp(f, x(), tf.tensor1d(dx))[1]);
      along.forEach((entry, i) =>
        expect(entry).toBeCloseTo(
          want[i]!.reduce((s, c, j) => s + c * dx[j]!, 0),
          4,
        ),
      );
      const dy = want.map((_, i) => i - 0.5);
      const back = values(() => vjp(f, x())[1](tf.tensor1d(dy)));
      back.forEach((entry, j) =>
        expect(entry).toBeCloseTo(
          want.reduce((s, r, i) => s + r[j]! * dy[i]!, 0),
          4,
        ),
      );
    }
  });

  it('give blocks for lists, which are spread, in the shapes of what they are taken by', () => {
    // f(x, y) = Σ x² · Σ y, x [2], y [1, 2]
    const f = (x: Tensor, y: Tensor): tf.Scalar => tf.mul(tf.sum(tf.square(x)), tf.sum(y)) as tf.Scalar;
    const point = (): Tensor[] => [tf.tensor1d([1, 2]), tf.tensor2d([[3, 4]])];
    const shapes: number[][][] = [];
    const blocks = values(() => {
      const result = hessian(f)(point());
      shapes.push(...result.map((row) => row.map(({ shape }) => shape)));
      return result.flat();
    });
    expect(shapes).toEqual([
      [
        [2, 2],
        [2, 1, 2],
      ],
      [
        [1, 2, 2],
        [1, 2, 1, 2],
      ],
    ]);
    expect(blocks).toEqual([14, 0, 0, 14, 2, 2, 4, 4, 2, 4, 2, 4, 0, 0, 0, 0]);
    expect(values(() => jacobian((x, y) => tf.mul(x, tf.sum(y)))(point()))).toEqual([7, 0, 0, 7, 1, 1, 2, 2]);
    expect(values(() => jvp(f, point(), [tf.tensor1d([1, 0]), tf.tensor2d([[1, 1]])])[1])).toEqual([
      2 * 7 + 5 * 2,
    ]);
    expect(values(() => vjp(f, point())[1](tf.scalar(2)))).toEqual([28, 56, 10, 10]);
  });

  it('know each place of a tensor that is given twice', () => {
    const product = grads((a, b) => tf.mul(a, tf.square(b)));
    expect(
      values(() => {
        const x = tf.scalar(3);
        return product([x, x]);
      }),
    ).toEqual([9, 18]);
  });

  it('go through a function that returns its argument', () => {
    expect(values(() => grad((x) => x)(5))).toEqual([1]);
    expect(
      values(() => {
        const { value, grad: slope } = valueAndGrad((x: Tensor) => x)(tf.scalar(5));
        return [value, slope];
      }),
    ).toEqual([5, 1]);
    expect(values(() => jacobian((x) => x)(tf.tensor1d([1, 2])))).toEqual([1, 0, 0, 1]);
    const x = tf.scalar(2);
    const { value } = valueAndGrad((t: Tensor) => t)(x);
    value.dispose();
    expect(x.isDisposed).toBe(false);
    x.dispose();
  });

  it('that vanish are zeros, of any order', () => {
    const linear = grad((x) => tf.mul(x, 3));
    expect(values(() => grad(linear)(1))).toEqual([0]);
    expect(values(() => grad(grad(linear))(1))).toEqual([0]);
    expect(values(() => hessian((x) => tf.sum(x) as tf.Scalar)(tf.tensor1d([1, 2])))).toEqual([0, 0, 0, 0]);
    expect(values(() => grad((x) => hessian((y) => tf.mul(y, x) as tf.Scalar)(tf.scalar(1)))(1))).toEqual([
      0,
    ]);
    for (const f of [tf.floor, tf.ceil, tf.round, tf.sign, (x: Tensor) => tf.step(x)]) {
      expect(values(() => grad(f)(tf.tensor1d([0.3, 1.7])))).toEqual([0, 0]);
      expect(values(() => jvp(f, tf.scalar(0.3), tf.scalar(1))[1])).toEqual([0]);
    }
    // One argument has a derivative, another none.
    expect(values(() => grads((a, b) => tf.mul(a, tf.round(b)))([3, 1.7]))).toEqual([2, 0]);
    expect(
      values(() =>
        grads((c, a) => tf.where(tf.greater(c, 0), a, tf.mul(a, 2)))([
          [1, -1],
          [5, 5],
        ]),
      ),
    ).toEqual([0, 0, 1, 2]);
    const comparison = (x: Tensor): Tensor => tf.cast(tf.greater(x, 0), 'float32');
    expect(values(() => grad(comparison)(1))).toEqual([0]);
    expect(values(() => grad((x) => tf.cast(tf.argMax(x), 'float32'))([1, 2]))).toEqual([0, 0]);
    expect(values(() => grad((x) => tf.oneHot(tf.cast(x, 'int32'), 3, 1, 0, 'float32'))([1, 2]))).toEqual([
      0, 0,
    ]);
    expect(
      values(() => grad((x) => tf.where(tf.greater(x, 0), tf.ones([2]), tf.zeros([2])))([1, 2])),
    ).toEqual([0, 0]);
  });

  it('work in the body and in the gradient of a custom gradient', () => {
    const op = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as Tensor]);
      // The body's value is x³ by way of a derivative: d/dx x⁴/4
      const value = grad((y) => tf.mul(tf.square(tf.square(y)), 0.25))(x as Tensor);
      return { value, gradFunc: (dy, saved) => tf.mul(dy, tf.mul(3, tf.square(saved[0]!))) };
    });
    expect(values(() => op(tf.scalar(2)))).toEqual([8]);
    expect(values(() => grad((x) => op(x))(2))).toEqual([12]);
    expect(values(() => grad(grad((x) => op(x)))(2))).toEqual([12]);
  });

  it('leave no tensor of their own outside of a tidy', () => {
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([1, 2]);
    const state = engineState();
    const made: Tensor[] = [
      grad(cube)(x),
      ...grads((a, b) => tf.mul(a, b))([x, [3, 4]], [1, 1]),
      jacobian(cube)(x),
      hessian((y) => tf.sum(cube(y)) as tf.Scalar)(x),
      ...jvp(cube, x, x),
    ];
    const [value, pullback] = vjp(cube, x);
    made.push(value, pullback(x), pullback(x));
    expect(tf.memory().numTensors).toBeGreaterThan(before + 1 + made.length);
    pullback.dispose();
    pullback.dispose();
    expect(tf.memory().numTensors).toBe(before + 1 + made.length);
    tf.dispose([x, made]);
    expect(engineState()).toEqual(state);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keep the tape of a pullback as long as the innermost tidy', () => {
    const before = tf.memory().numTensors;
    const kept: ReturnType<typeof vjp>[1][] = [];
    tf.tidy(() => {
      kept.push(vjp(tf.exp, tf.scalar(0))[1]);
      expect(Array.from((kept[0]!(tf.scalar(3)) as Tensor).dataSync())).toEqual([3]);
    });
    expect(tf.memory().numTensors).toBe(before);
    expectRefusal(
      () => kept[0]!(tf.scalar(1)),
      /vjp pullback: expected a call inside the tf.tidy around vjp/,
      CurvatureArgumentError,
    );
    kept[0]!.dispose();
    expectRefusal(() => kept[0]!(tf.scalar(1)), /after dispose/, CurvatureArgumentError);
  });

  it('refuse a pullback that outlives the derivative it was made in', () => {
    const kept: ReturnType<typeof vjp>[1][] = [];
    values(() =>
      grad((x) => {
        const [value, pullback] = vjp(tf.exp, x);
        kept.push(pullback);
        return value;
      })(1),
    );
    expectRefusal(() => kept[0]!(tf.scalar(1)), /after its end/, CurvatureArgumentError);
  });

  it('take the tape of a pullback made outside as a constant, and its argument not', () => {
    const f = (): Tensor => {
      const [, pullback] = vjp(cube, tf.scalar(2));
      return grad((dy) => tf.square(pullback(dy)))(1);
    };
    // (12 dy)² has derivative 288
    expect(values(f)).toEqual([288]);
  });

  it('of variables and of a linearized gradient', () => {
    const w = tf.variable(tf.scalar(2));
    const x = tf.scalar(3);
    // (d/dx w² x³)² at 3 = (27 w²)² → derivative 4 · 729 w³
    const loss = (): tf.Scalar => tf.square(grad((t) => tf.mul(tf.square(w), cube(t)))(x)) as tf.Scalar;
    expect(values(() => variableGrads(loss, [w]).grads[w.name]!)).toEqual([4 * 729 * 8]);
    expect(values(() => tf.variableGrads(() => tf.square(w) as tf.Scalar, [w]).grads[w.name]!)).toEqual([4]);
    const linearization = linearize(loss, [w]);
    const v = tf.tensor1d([1]);
    expect(values(() => linearization.hvp(v))).toEqual([12 * 729 * 4]);
    linearization.dispose();
    const { value, grads: own } = variableGrads(() => w as unknown as tf.Scalar, [w]);
    value.dispose();
    expect(w.isDisposed).toBe(false);
    expect(Array.from(own[w.name]!.dataSync())).toEqual([1]);
    // Nested by variables: d/dw (d/dw w³) = 6w
    const nested = variableGrads(
      () => variableGrads(() => cube(w) as tf.Scalar, [w]).grads[w.name] as tf.Scalar,
      [w],
    );
    expect(Array.from(nested.grads[w.name]!.dataSync())).toEqual([12]);
    tf.dispose([w, x, v, own, nested.value, nested.grads]);
  });

  it('are right or refused inside a derivative by the tape of TensorFlow.js', () => {
    const inner = (x: Tensor): Tensor => grad(tf.exp)(x);
    const refuses = (f: () => unknown): void => {
      const before = tf.memory().numTensors;
      expect(() => tf.tidy(() => void f())).toThrow(CurvatureArgumentError);
      expect(tf.memory().numTensors).toBe(before);
    };
    refuses(() => tf.grad((x: Tensor) => tf.mul(x, inner(x)))(tf.scalar(1)));
    const w = tf.variable(tf.scalar(1));
    for (const f of [
      () => jvp(tf.exp, w, w)[1],
      () => vjp(tf.exp, w)[0],
      () => jacobian(tf.exp)(w),
      () => hessian((x) => tf.exp(x) as tf.Scalar)(w),
      () => variableGrads(() => tf.exp(w) as tf.Scalar, [w]).value,
      () => grads(tf.exp)([w])[0]!,
      () => valueAndGrad((x: Tensor) => tf.exp(x))(w).value,
    ])
      refuses(() => tf.variableGrads(() => f() as tf.Scalar, [w]));
    w.dispose();
    // In its backward pass nothing is recorded, and a derivative is a number like any other.
    const op = tf.customGrad((x) => ({
      value: tf.exp(x as Tensor),
      gradFunc: (dy) => tf.mul(dy, inner(x as Tensor)),
    }));
    expect(values(() => tf.grad((x: Tensor) => op(x))(tf.scalar(0)))).toEqual([1]);
  });
});
