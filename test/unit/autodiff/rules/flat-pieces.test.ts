import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { linearizeOutputs } from '../../../../src/autodiff/linearize-outputs.js';
import { linearize } from '../../../../src/autodiff/linearize.js';
import { grad, grads } from '../../../../src/autodiff/transforms/grad.js';
import { hessian } from '../../../../src/autodiff/transforms/hessian.js';
import { jacobian } from '../../../../src/autodiff/transforms/jacobian.js';
import { jvp } from '../../../../src/autodiff/transforms/jvp.js';
import { parameterSpace } from '../../../../src/parameters.js';
import { useBackend } from '../../../wasm-backend.js';

/* Every product of a derivative is a number where a function is constant, however steep it is beside. */

const rootOfRelu = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.relu(x));
const numbers = (x: tf.Tensor): number[] => Array.from(x.dataSync());

/** A net whose second unit is off at both examples, and stays so nearby. */
function net() {
  const [W, V] = [
    tf.variable(
      tf.tensor2d([
        [1, -1],
        [0.5, -0.3],
      ]),
    ),
    tf.variable(tf.tensor2d([[0.4], [0.7]])),
  ] as const;
  const X = tf.tensor2d([
    [1, 2],
    [0.5, 1],
  ]);
  const outputs = (): tf.Tensor => tf.matMul(rootOfRelu(tf.matMul(X, W)), V);
  return { variables: [W, V], outputs, loss: () => tf.mean(tf.square(tf.sub(outputs(), 1))) };
}

/** f at θ + t v. */
function along<T>(variables: tf.Variable[], v: tf.Tensor[], t: number, f: () => T): T {
  const start = variables.map((variable) => tf.clone(variable));
  variables.forEach((variable, i) => variable.assign(tf.add(start[i]!, tf.mul(v[i]!, t))));
  const result = f();
  variables.forEach((variable, i) => variable.assign(start[i]!));
  return result;
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('the Hessian of a net with a unit that is off is the change of its gradient', () => {
    const { variables, loss } = net();
    const v = variables.map((variable) => tf.onesLike(variable));
    const gradient = (): number[] => {
      const linearization = linearize(loss, variables);
      const found = numbers(linearization.gradient);
      linearization.dispose();
      return found;
    };
    const h = 2 ** -6;
    const [ahead, behind] = [h, -h].map((t) => along(variables, v, t, gradient));
    const linearization = linearize(loss, variables);
    const product = numbers(linearization.hvp(tf.ones([6])));
    linearization.dispose();
    // h² f⁗/6 of numbers near 1, and 6e-8/h.
    product.forEach((entry, i) => expect(entry).toBeCloseTo((ahead![i]! - behind![i]!) / (2 * h), 3));
    expect([product[1], product[3], product[5]]).toEqual([0, 0, 0]);
  });

  it('J v of its outputs is their change', () => {
    const { variables, outputs } = net();
    const v = variables.map((variable) => tf.onesLike(variable));
    const h = 2 ** -6;
    const [ahead, behind] = [h, -h].map((t) => along(variables, v, t, () => numbers(outputs())));
    const linearization = linearizeOutputs(() => [outputs()], parameterSpace(variables, 'test'), 'test');
    const [product] = linearization.jvp(v);
    numbers(product!).forEach((entry, i) =>
      expect(entry).toBeCloseTo((ahead![i]! - behind![i]!) / (2 * h), 3),
    );
    linearization.dispose();
  });

  it('tangents of a steep function are 0 on a flat piece, and infinite at its end', () => {
    const tangent = (f: (x: tf.Tensor) => tf.Tensor, x: number[]): number[] =>
      tf.tidy(() => numbers(jvp(f, tf.tensor1d(x), tf.onesLike(x))[1]));
    expect(tangent(rootOfRelu, [-1, 4])).toEqual([0, 0.25]);
    expect(tangent((x) => tf.pow(tf.relu(x), 0.5), [-1, 4])[0]).toBe(0);
    expect(tangent((x) => tf.acos(tf.minimum(x, 1)), [1.5])).toEqual([0]);
    expect(tangent(tf.sqrt, [0, 4])).toEqual([Infinity, 0.25]);
    // Without a tangent nothing changes.
    expect(tf.tidy(() => numbers(jvp(tf.sqrt, tf.tensor1d([0]), tf.tensor1d([0]))[1]))).toEqual([0]);
  });

  it('jacobian says the same by columns and by rows', () => {
    const twice = (x: tf.Tensor): tf.Tensor => tf.concat([rootOfRelu(x), rootOfRelu(x)]);
    const first = (x: tf.Tensor): tf.Tensor => tf.slice(rootOfRelu(x), [0], [2]);
    const rows = tf.tidy(() => numbers(jacobian(first)(tf.tensor1d([-1, 4, 1]))));
    const columns = tf.tidy(() => numbers(jacobian(twice)(tf.tensor1d([-1, 4]))));
    expect(rows).toEqual([0, 0, 0, 0, 0.25, 0]);
    expect(columns).toEqual([0, 0, 0, 0.25, 0, 0, 0, 0.25]);
  });

  it('the Hessian by a base and its exponent is symmetric', () => {
    // [[b (b−1) a^(b−2), m], [m, aᵇ log² a]], m = a^(b−1) (1 + b log a), with 0 for the logarithm of what is not positive.
    const log2 = Math.log(2);
    const cases = [
      { a: 2, b: 3, wanted: [12, 4 + 12 * log2, 8 * log2 ** 2] },
      { a: -2, b: 2, wanted: [2, -2, 0] },
      { a: -2, b: 3, wanted: [-12, 4, 0] },
      // Where the base is 0 the mixed derivative has no limit, and counts as 0.
      { a: 0, b: 1, wanted: [0, 0, 0] },
      { a: 0, b: 2, wanted: [2, 0, 0] },
      { a: 0, b: 0, wanted: [0, 0, 0] },
    ];
    for (const { a, b, wanted } of cases) {
      const blocks = tf.tidy(() => {
        const matrix = hessian((x, y) => tf.pow(x!, y!))([tf.scalar(a), tf.scalar(b)]);
        return (matrix as tf.Tensor[][]).flat().map((block) => block.dataSync()[0]!);
      });
      const [aa, mixed, bb] = wanted;
      [aa, mixed, mixed, bb].forEach((entry, i) => expect(blocks[i], `(${a}, ${b})`).toBeCloseTo(entry!, 4));
    }
  });

  it('a flat base has no derivative by its exponent either', () => {
    const f = (x: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.sum(tf.pow(tf.relu(x), b));
    const [byBase, byExponent] = tf.tidy(() =>
      grads((x: tf.Tensor, b: tf.Tensor) => {
        const [dx, db] = grads(f)([x, b]);
        return tf.add(tf.sum(dx!), tf.sum(db!));
      })([tf.tensor1d([-1, 4]), tf.scalar(0.5)]).map(numbers),
    );
    // At x = 4, b = ½, with l = log 4: ∂² = b(b−1)x^(b−2), ∂∂ = x^(b−1)(1 + b l), and x^b l² by b alone.
    const l = Math.log(4);
    const mixed = 0.5 * (1 + 0.5 * l);
    [0, -1 / 32 + mixed].forEach((entry, i) => expect(byBase![i]).toBeCloseTo(entry, 5));
    expect(byExponent![0]).toBeCloseTo(mixed + 2 * l * l, 5);
  });

  it('a third derivative is a number, too', () => {
    // ∂³/∂x²∂v of v √relu(x), summed over x: −¼ x^(−3/2) at 4.
    const [, third] = tf.tidy(() => {
      const slope = (x: tf.Tensor, v: tf.Tensor): tf.Tensor =>
        grad((t) => tf.sum(tf.mul(v, rootOfRelu(t))))(x);
      const curvature = (x: tf.Tensor, v: tf.Tensor): tf.Tensor => grad((t) => tf.sum(slope(t, v)))(x);
      return grads((x: tf.Tensor, v: tf.Tensor) => tf.sum(curvature(x, v)))([
        tf.tensor1d([-1, 4]),
        tf.tensor1d([2, 3]),
      ]).map(numbers);
    });
    expect(third![0]).toBe(0);
    expect(third![1]).toBeCloseTo(-1 / 32, 6);
  });
});
