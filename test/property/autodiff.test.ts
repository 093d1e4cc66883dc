import type { Tensor1D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../src/autodiff/linearize.js';
import { useBackend } from '../wasm-backend.js';
import { build, type Network, type Plan, plans } from './architectures.js';

type Vector = Float64Array;

const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const norm = (a: Vector): number => Math.sqrt(dot(a, a));
const distance = (a: Vector, b: Vector): number => norm(a.map((value, i) => value - b[i]!));

function gradient({ loss, variables }: Network): Vector {
  const linearization = linearize(loss, variables);
  const values = Float64Array.from(linearization.gradient.dataSync());
  linearization.dispose();
  return values;
}

/** The gradient with the variables moved by t·v, which are then moved back. */
function gradientAt(network: Network, v: Vector, t: number): Vector {
  const before = network.variables.map((variable) => variable.clone());
  let offset = 0;
  for (const variable of network.variables) {
    const step = Float32Array.from(v.subarray(offset, offset + variable.size), (value) => value * t);
    offset += variable.size;
    assign(variable, () => tf.add(variable, tf.tensor(step, variable.shape)));
  }
  const result = gradient(network);
  network.variables.forEach((variable, i) => assign(variable, () => before[i]!));
  tf.dispose(before);
  return result;
}

function assign(variable: Variable, value: () => tf.Tensor): void {
  tf.tidy(() => variable.assign(value()));
}

/** ∂g/∂v by a fourth-order central difference of step h. */
function differenceProduct(network: Network, v: Vector, h: number): Vector {
  const [far, near] = [2 * h, h].map((t) => {
    const [plus, minus] = [gradientAt(network, v, t), gradientAt(network, v, -t)];
    return plus.map((value, i) => value - minus[i]!);
  }) as [Vector, Vector];
  return near.map((value, i) => (8 * value - far[i]!) / (12 * h));
}

/** Builds the network of a plan and hands `check` its products; nothing may be left behind. */
function withProducts(
  plan: Plan,
  smooth: boolean,
  check: (product: (v: Vector) => Vector, directions: [Vector, Vector], network: Network) => void,
): void {
  const network = build(plan, smooth);
  const n = network.variables.reduce((size, variable) => size + variable.size, 0);
  const direction = (): Vector => Float64Array.from({ length: n }, () => network.random() * 2 - 1);
  const before = tf.memory().numTensors;
  const linearization = linearize(network.loss, network.variables);
  const product = (v: Vector): Vector => {
    const tensor: Tensor1D = tf.tensor1d(Float32Array.from(v));
    const result = linearization.hvp(tensor);
    const values = Float64Array.from(result.dataSync());
    tf.dispose([tensor, result]);
    return values;
  };
  check(product, [direction(), direction()], network);
  linearization.dispose();
  expect(tf.memory().numTensors, 'tensors').toBe(before);
  network.dispose();
}

describe.each(['cpu', 'wasm'] as const)('products of random networks on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('are linear in the direction and symmetric', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        withProducts(plan, false, (product, [u, v]) => {
          const [hu, hv] = [product(u), product(v)];
          const scale = norm(hu) + norm(hv) + 1e-3;
          const combined = product(u.map((value, i) => 2 * value - 3 * v[i]!));
          const expected = hu.map((value, i) => 2 * value - 3 * hv[i]!);
          expect(distance(combined, expected) / scale, 'linearity').toBeLessThan(3e-5);
          expect(Math.abs(dot(u, hv) - dot(v, hu)) / (scale * norm(u)), 'symmetry').toBeLessThan(1e-5);
        });
      }),
      { seed: 20, numRuns: 60 },
    );
  });

  it('agree with central differences of the gradient', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        withProducts(plan, true, (product, [v], network) => {
          const exact = product(v);
          const [coarse, fine] = [0.04, 0.02].map((h) => differenceProduct(network, v, h)) as [
            Vector,
            Vector,
          ];
          // Differences of float32 gradients are good to about 1e-4 of the gradient's own size, and to no more
          // than what halving the step changes: normalising two numbers is nearly a jump.
          const scale = norm(exact) + 0.1 * norm(gradient(network)) * norm(v);
          expect(distance(exact, fine)).toBeLessThan(5e-3 * scale + distance(coarse, fine));
        });
      }),
      { seed: 21, numRuns: 40 },
    );
  });
});
