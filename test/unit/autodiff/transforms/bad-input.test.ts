import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  CurvatureArgumentError,
  DifferentiationError,
  grad,
  grads,
  hessian,
  jacobian,
  jvp,
  valueAndGrad,
  valueAndGrads,
  variableGrads,
  vjp,
} from '../../../../src/index.js';
import { useBackend } from '../../../wasm-backend.js';
import { engineState, expectRefusal } from './values.js';

beforeAll(() => useBackend('cpu'));

type Call = (f: unknown, x: Tensor, dy?: Tensor) => unknown;
type Any = never;

/** Each function, called with f, x and, where it takes one, dy. */
const calls: Record<string, Call> = {
  grad: (f, x, dy) => grad(f as Any)(x, dy),
  grads: (f, x, dy) => grads(f as Any)([x], dy),
  valueAndGrad: (f, x, dy) => valueAndGrad(f as Any)(x as Any, dy as Any),
  valueAndGrads: (f, x, dy) => valueAndGrads(f as Any)([x], dy as Any),
  jvp: (f, x) => jvp(f as Any, x, x),
  vjp: (f, x, dy) => {
    const [, pullback] = vjp(f as Any, x);
    return dy == null ? null : pullback(dy);
  },
  jacobian: (f, x) => jacobian(f as Any)(x),
  hessian: (f, x) => hessian(f as Any)(x),
};
const square = (x: Tensor): Tensor => tf.sum(tf.square(x));
const point = (): Tensor => tf.tensor1d([1, 2]);

describe.each(Object.entries(calls))('%s refuses', (name, call) => {
  const named = (rest: string): RegExp => new RegExp(`^${name}.*: expected .*${rest}`);

  it.each<[string, unknown, RegExp]>([
    ['what is no function', 5, named('a function f to differentiate, received 5')],
    ['f that returns nothing', () => undefined, named('received undefined')],
    ['f that returns a number', () => 3, named('f to return a float32 (tensor|scalar), received 3')],
    [
      'f that returns int32',
      (x: Tensor) => tf.cast(tf.sum(x), 'int32'),
      named('received tensor int32 \\[\\]'),
    ],
    [
      'f that returns a disposed tensor',
      (x: Tensor) => {
        const y = square(x);
        y.dispose();
        return y;
      },
      named('received a disposed tensor'),
    ],
    [
      'an async f',
      (x: Tensor) => Promise.resolve(square(x)),
      named('f must not be async, received a promise'),
    ],
  ])('%s', (_, f, message) => {
    const error = vi.spyOn(console, 'error');
    expectRefusal(() => call(f, point()), message, CurvatureArgumentError);
    expect(error).not.toHaveBeenCalled();
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'an int32 x',
      () => tf.tensor1d([1, 2], 'int32'),
      named('a float32 tensor, received tensor int32 \\[2\\]'),
    ],
    ['a bool x', () => tf.tensor1d([true]), named('a float32 tensor, received tensor bool')],
    ['a string x', () => tf.tensor1d(['a']), named('a float32 tensor, received tensor string')],
    ['null', () => null, named('received null')],
  ])('%s', (_, x, message) => {
    expectRefusal(() => call(square, x() as Tensor), message, CurvatureArgumentError);
  });

  it('a disposed x', () => {
    const x = point();
    x.dispose();
    expectRefusal(
      () => call(square, x),
      named('a live tensor, received a disposed tensor'),
      CurvatureArgumentError,
    );
  });

  it('a function that does not reach x', () => {
    expectRefusal(
      () => call(() => tf.scalar(1), point()),
      /^Cannot compute gradient of y=f\(x\) with respect to x\. Make sure/,
      DifferentiationError,
    );
    const x = point();
    // What f reaches by closure is no argument.
    expectRefusal(() => call(() => square(x), x), /does not depend on/, DifferentiationError);
    x.dispose();
  });

  it('an op without gradient, by name, with its order', () => {
    const f = (x: Tensor): Tensor => tf.sum(tf.multinomial(tf.reshape(x, [1, 2]) as tf.Tensor2D, 1));
    expectRefusal(() => call(() => f, point()), /f to return/, CurvatureArgumentError);
    const unknown = (x: Tensor): Tensor =>
      tf.sum(tf.bincount(tf.cast(x, 'int32') as tf.Tensor1D, x as tf.Tensor1D, 3));
    let error: unknown;
    try {
      tf.tidy(() => void call(unknown, point()));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(DifferentiationError);
    expect(error).toMatchObject({ op: 'Bincount', layer: null, order: 1 });
    expect((error as Error).message).toMatch(
      /^Cannot compute gradient: gradient function not found for Bincount\./,
    );
  });

  it('nothing of an f that throws', () => {
    const f = (x: Tensor): Tensor => {
      square(x);
      throw new TypeError('f broke');
    };
    expectRefusal(() => call(f, point()), /^f broke$/, TypeError);
  });
});

describe('dy and tangents', () => {
  it.each(['grad', 'grads', 'valueAndGrad', 'valueAndGrads', 'vjp'] as const)(
    '%s refuses a dy that does not fit',
    (name) => {
      const f = (x: Tensor): Tensor => tf.square(x);
      const refuse = (dy: () => Tensor, message: RegExp): void => {
        expectRefusal(() => calls[name]!(f, point(), dy()), message, CurvatureArgumentError);
      };
      refuse(() => tf.tensor1d([1]), /dy of the shape of f\(x\), \[2\], received tensor float32 \[1\]/);
      refuse(() => tf.tensor1d([1, 1], 'int32'), /dy: a float32 tensor/);
      refuse(() => 'x' as never, /dy: a tensor/);
    },
  );

  const floats = (length: number): Float32Array => new Float32Array(length);
  describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
    beforeAll(() => useBackend(backend));
    afterAll(() => useBackend('cpu'));

    it.each([[[[1, 2], [3]]], [[[1, 2], [3], [4, 5, 6]]], [[floats(2), floats(1)]], [[[1, 2], 3]]])(
      'grad and grads refuse the ragged list %j',
      (list) => {
        const message = /lists of equal lengths, received a ragged list/;
        expectRefusal(() => grad(square)(list as Any), message, CurvatureArgumentError);
        expectRefusal(() => grads(square)([list as Any]), message, CurvatureArgumentError);
      },
    );

    it('grad refuses a list of something else', () => {
      const refuse = (list: unknown[], message: RegExp): void =>
        expectRefusal(() => grad(square)(list as Any), message, CurvatureArgumentError);
      refuse([1, null], /x: numbers in lists of equal lengths, received a list with null/);
      refuse([[1], ['2']], /received a list with "2"/);
      refuse([tf.scalar(1), tf.scalar(2)], /received a list with tensor float32/);
    });
  });

  it('jvp refuses tangents that do not fit', () => {
    const refuse = (tangents: () => unknown, message: RegExp): void => {
      expectRefusal(
        () => jvp((x) => tf.square(x), point(), tangents() as Tensor),
        message,
        CurvatureArgumentError,
      );
    };
    refuse(() => tf.tensor1d([1]), /tangents of the shape of the primals, \[2\]/);
    refuse(() => [point(), point()], /as many tangents as primals, 1, received 2/);
    refuse(() => tf.tensor1d([1, 1], 'int32'), /float32/);
    refuse(() => null, /tangents/);
  });

  it('hessian refuses what is no scalar', () => {
    expectRefusal(
      () => hessian(((x: Tensor) => tf.square(x)) as Any)(point()),
      /f to return a float32 scalar, received tensor float32 \[2\]/,
    );
  });

  it('lists refuse what is none', () => {
    expectRefusal(() => grads(tf.add)([]), /grads: expected args: a list of tensors/);
    expectRefusal(() => grads(tf.add)(5 as Any), /grads: expected args: a list of tensors/);
    expectRefusal(() => vjp(tf.add, []), /primals: a tensor or a list of tensors/);
    expectRefusal(
      () => grads((a) => square(a))([point(), point()]),
      /does not depend on argument 1/,
      DifferentiationError,
    );
  });
});

describe('variableGrads', () => {
  it('refuses what tf.variableGrads refuses, and what is not float32', () => {
    const w = tf.variable(tf.scalar(1));
    const whole = tf.variable(tf.scalar(1, 'int32'));
    const frozen = tf.variable(tf.scalar(1), false);
    const gone = tf.variable(tf.scalar(1));
    gone.dispose();
    const loss = (): tf.Scalar => tf.square(w) as tf.Scalar;
    expectRefusal(() => variableGrads(5 as Any), /variableGrads: expected a function/);
    expectRefusal(() => variableGrads(loss, [5] as Any), /varList: a list of tf.Variable, received 5/);
    expectRefusal(() => variableGrads(loss, w as Any), /varList: a list of tf.Variable/);
    expectRefusal(() => variableGrads(loss, [whole]), /float32 variables, received variable '.*' of int32/);
    expectRefusal(() => variableGrads(loss, [gone]), /not disposed/);
    expectRefusal(() => variableGrads(loss, [frozen]), /at least one trainable float32 variable/);
    expectRefusal(() => variableGrads(loss, []), /at least one trainable float32 variable/);
    expectRefusal(() => variableGrads((() => tf.mul(w, [1, 2])) as Any, [w]), /f to return a float32 scalar/);
    expectRefusal(
      () => variableGrads(() => tf.scalar(1), [w]),
      /^Cannot find a connection between any variable and the result of the loss function y=f\(x\)\./,
      DifferentiationError,
    );
    const { value, grads: named } = variableGrads(loss, [w, frozen]);
    expect(named).toEqual({ [w.name]: expect.anything(), [frozen.name]: null });
    tf.dispose([w, whole, frozen, value, named[w.name]!]);
  });

  it('knows an assignment to a variable inside the loss', () => {
    const start = { v: tf.tensor1d([1, 2]), s: tf.tensor1d([1, 10]) };
    const [v, s] = [tf.variable(start.v), tf.variable(start.s)];
    const loss = (): tf.Scalar => {
      const first = tf.sum(tf.mul(v, s));
      s.assign(tf.mul(s, 2));
      return tf.add(first, tf.sum(tf.mul(v, s)));
    };
    const { value, grads: named } = variableGrads(loss, [v]);
    expect(Array.from(named[v.name]!.dataSync())).toEqual([3, 30]);
    // One that is differentiated by: refused where it is used afterwards, right where it is not.
    const moved = (): tf.Scalar => {
      const first = tf.sum(tf.square(v));
      v.assign(tf.mul(v, 2));
      return tf.add(first, tf.sum(v));
    };
    const state = engineState();
    expect(() => tf.tidy(() => void variableGrads(moved, [v]))).toThrow(
      /assign to variable '.*': the function/,
    );
    expect(engineState()).toEqual(state);
    const last = (): tf.Scalar => {
      const all = tf.sum(tf.square(v));
      v.assign(tf.mul(v, 2));
      return all as tf.Scalar;
    };
    const right = variableGrads(last, [v]);
    expect(Array.from(right.grads[v.name]!.dataSync())).toEqual([4, 8]);
    tf.dispose([start, v, s, value, named, right.value, right.grads]);
  });
});
