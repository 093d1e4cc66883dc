import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { linearize } from '../../../src/autodiff/linearize.js';
import { DifferentiationError } from '../../../src/errors.js';
import { useBackend } from '../../wasm-backend.js';

type Body = (
  x: Tensor,
  save: tf.GradSaveFunc,
) => { value: Tensor; gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor };

const custom = (body: Body): ((x: Tensor) => Tensor) =>
  tf.customGrad(body as Parameters<typeof tf.customGrad>[0]);

const points = [0.3, -0.7, 1.1];
const direction = [1, -2, 0.5];

/** Gradient and product of Σ op(x)² at the points along the direction. */
function differentiate(op: (x: Tensor) => Tensor): { gradient: number[]; product: number[] } {
  const initial = tf.tensor1d(points);
  const x = tf.variable(initial);
  const v = tf.tensor1d(direction);
  try {
    return differentiateBy(() => tf.sum(tf.square(op(x))) as Scalar, [x], v);
  } finally {
    tf.dispose([initial, x, v]);
  }
}

function differentiateBy(
  loss: () => Scalar,
  variables: Variable[],
  v: tf.Tensor1D,
): { gradient: number[]; product: number[] } {
  const linearization = linearize(loss, variables);
  try {
    const product = linearization.hvp(v);
    const result = {
      gradient: Array.from(linearization.gradient.dataSync()),
      product: Array.from(product.dataSync()),
    };
    product.dispose();
    return result;
  } finally {
    linearization.dispose();
  }
}

/** Σ e^(2x): gradient 2e^(2x), second derivative 4e^(2x). */
function expectExponential({ product }: { product: number[] }): void {
  product.forEach((value, i) => {
    expect(value).toBeCloseTo(4 * Math.exp(2 * points[i]!) * direction[i]!, 3);
  });
}

describe('custom gradients', () => {
  beforeAll(() => useBackend('cpu'));
  let before = 0;
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });

  it('know a saved intermediate result as the function of the input that it is', () => {
    const op = custom((x, save) => {
      const y = tf.exp(x);
      save([y]);
      return { value: y, gradFunc: (dy, [saved]) => tf.mul(dy, saved!) };
    });
    expectExponential(differentiate(op));
  });

  it('know an input that the gradient function reaches by closure', () => {
    const op = custom((x) => ({ value: tf.exp(x), gradFunc: (dy) => tf.mul(dy, tf.exp(x)) }));
    expectExponential(differentiate(op));
  });

  it('know an intermediate result that the body keeps and its gradient function reaches by closure', () => {
    const kept: Tensor[] = [];
    const op = custom((x) => {
      const y = tf.keep(tf.exp(x));
      kept.push(y);
      return { value: tf.mul(y, 1), gradFunc: (dy) => tf.mul(dy, y) };
    });
    expectExponential(differentiate(op));
    tf.dispose(kept);
  });

  it('know an intermediate result that was not saved, as long as the tape holds it', () => {
    const op = custom((x) => {
      const y = tf.exp(x);
      return { value: tf.mul(y, 1), gradFunc: (dy) => tf.mul(dy, y) };
    });
    expectExponential(differentiate(op));
  });

  it('throw where the gradient function reaches an intermediate result that is gone', () => {
    const op = custom((x) => {
      const y = tf.add(x, 1);
      return { value: tf.exp(tf.sub(y, 1)), gradFunc: (dy) => tf.mul(dy, tf.exp(tf.sub(y, 1))) };
    });
    expect(() => differentiate(op)).toThrow(DifferentiationError);
  });

  it('throw where the gradient function reads values on the host', () => {
    const op = custom((x, save) => {
      save([x]);
      return {
        value: tf.exp(x),
        gradFunc: (dy, [saved]) => tf.mul(dy, tf.tensor1d(saved!.dataSync().map((value) => Math.exp(value)))),
      };
    });
    expect(() => differentiate(op)).toThrow(/reads the values/);
  });

  it('throw where the body reads values on the host', () => {
    const op = custom((x) => {
      const slope = x.dataSync().map((value) => Math.exp(value));
      return { value: tf.exp(x), gradFunc: (dy) => tf.mul(dy, tf.tensor1d(slope)) };
    });
    expect(() => differentiate(op)).toThrow(/reads the values/);
  });

  it('throw where the value depends on a variable that is not passed as an input', () => {
    const [a, b, v] = [tf.tensor1d([2]), tf.tensor1d([3]), tf.tensor1d([1, 1])];
    const [x, w] = [tf.variable(a), tf.variable(b)];
    const op = custom((z) => ({ value: tf.mul(z, w), gradFunc: (dy) => tf.mul(dy, w) }));
    expect(() => differentiateBy(() => tf.sum(tf.square(op(x))) as Scalar, [x, w], v)).toThrow(
      /not given as an input/,
    );
    tf.dispose([a, b, v, x, w]);
  });

  it('that declare another gradient than that of their value are taken at their word', () => {
    // Straight through: the value is rounded, the derivative is declared to be one. So Σ y² has second derivative 2.
    const op = custom((x) => ({ value: tf.round(x), gradFunc: (dy) => tf.mul(dy, 1) }));
    const { gradient, product } = differentiate(op);
    gradient.forEach((value, i) => expect(value).toBeCloseTo(2 * Math.round(points[i]!), 6));
    product.forEach((value, i) => expect(value).toBeCloseTo(2 * direction[i]!, 6));
  });

  it('may be nested', () => {
    const inner = custom((x, save) => {
      const y = tf.exp(x);
      save([y]);
      return { value: y, gradFunc: (dy, [saved]) => tf.mul(dy, saved!) };
    });
    const outer = custom((x, save) => {
      const y = inner(x);
      save([y]);
      return { value: y, gradFunc: (dy, [saved]) => tf.mul(dy, saved!) };
    });
    expectExponential(differentiate(outer));
  });
});

describe('gradients the user registers', () => {
  const register = (gradFunc: tf.GradFunc): void => {
    tf.registerKernel({
      kernelName: 'TestCube',
      backendName: 'cpu',
      kernelFunc: ({ inputs, backend }) => {
        const x = inputs.x!;
        const values = (backend as unknown as { readSync(id: object): Float32Array }).readSync(x.dataId);
        const written = tf.backend().write(
          values.map((value) => value ** 3),
          x.shape,
          'float32',
        );
        return { dataId: written, shape: x.shape, dtype: 'float32' };
      },
    });
    tf.registerGradient({ kernelName: 'TestCube', inputsToSave: ['x'], gradFunc });
  };
  const apply = (x: Tensor): Tensor => tf.engine().runKernel('TestCube', { x });

  beforeAll(() => useBackend('cpu'));
  afterEach(() => {
    tf.unregisterKernel('TestCube', 'cpu');
    tf.unregisterGradient('TestCube');
  });

  it('are used, and differentiated again', () => {
    register((dy, [x]) => ({ x: () => tf.mul(dy as Tensor, tf.mul(tf.square(x!), 3)) }));
    // Σ x⁶: second derivative 30 x⁴
    differentiate(apply).product.forEach((value, i) => {
      expect(value).toBeCloseTo(30 * points[i]! ** 4 * direction[i]!, 3);
    });
  });

  it('throw where they read values on the host', () => {
    register((dy, [x]) => ({
      x: () => tf.mul(dy as Tensor, tf.tensor1d(x!.dataSync().map((value) => 3 * value ** 2))),
    }));
    expect(() => differentiate(apply)).toThrow(/reads the values/);
  });
});

describe('ops without a derivative on the way to the loss', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    ['Complex', (x: Tensor) => tf.real(tf.complex(x, tf.zerosLike(x)))],
    ['Complex', (x: Tensor) => tf.abs(tf.complex(x, x))],
    ['FFT|Complex', (x: Tensor) => tf.real(tf.spectral.rfft(x))],
    ['Cast', (x: Tensor) => tf.cast(tf.mul(tf.cast(x, 'complex64'), tf.complex(x, x)), 'float32')],
    ['Unique', (x: Tensor) => tf.unique(x).values],
    ['CropAndResize', cropped],
  ])('throw and name %s', (name, op) => {
    expect(() => differentiate(op)).toThrow(DifferentiationError);
    expect(() => differentiate(op)).toThrow(new RegExp(`Real|Imag|${name}`));
  });

  it('do not stand in the way of a loss that does not use them', () => {
    const op = (x: Tensor): Tensor => {
      tf.spectral.rfft(x);
      return tf.exp(x);
    };
    expectExponential(differentiate(op));
  });
});

function cropped(x: Tensor): Tensor {
  const image = tf.reshape(x, [1, 3, 1, 1]) as tf.Tensor4D;
  return tf.image.cropAndResize(image, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], 'int32'), [2, 1]);
}

describe('gradients inside the loss', () => {
  beforeAll(() => useBackend('cpu'));

  it('are differentiated twice more: a gradient penalty', () => {
    // ‖∇ Σ x⁴‖² = 16 Σ x⁶, whose second derivative is 480 x⁴
    const penalty = (x: Tensor): Tensor => tf.grad((z: Tensor) => tf.sum(tf.pow(z, 4)))(x);
    differentiate(penalty).product.forEach((value, i) => {
      expect(value / (480 * points[i]! ** 4 * direction[i]!)).toBeCloseTo(1, 3);
    });
  });
});
