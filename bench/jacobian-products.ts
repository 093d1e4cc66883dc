import * as tf from '@tensorflow/tfjs-core';
import { JacobianOperator } from '../src/operators/jacobian-operator.js';
import type { LinearOperator } from '../src/operators/linear-operator.js';
import type { RectangularOperator } from '../src/operators/rectangular-operator.js';
import { tangentKernel } from '../src/operators/tangent-kernel.js';
import { solve } from '../src/solvers/conjugate-gradient.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { lsmr } from '../src/solvers/lsmr.js';
import { svd } from '../src/solvers/svd.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { printTable } from './tables.js';

/** A rectangular operator that counts its products. */
function counted(operator: RectangularOperator): RectangularOperator & { products: number } {
  const self = {
    shape: operator.shape,
    products: 0,
    matvec: (v: tf.Tensor1D) => (self.products++, operator.matvec(v)),
    rmatvec: (u: tf.Tensor1D) => (self.products++, operator.rmatvec(u)),
    dispose: () => operator.dispose(),
  };
  return self;
}

/**
 * Products with the Jacobian of the logits of the MNIST net on 512 examples, and with its transpose, that singular values and
 * least-squares steps take; beside `lanczos` and `solve` of JJᵀ and JᵀJ. They do not depend on the machine.
 */
export async function jacobianTables(): Promise<void> {
  const net = mnistMlp();
  const outputs = (): tf.Tensor => net.split.outputs() as tf.Tensor;
  const jacobian = counted(new JacobianOperator(outputs, net.variables));
  const [, n] = jacobian.shape;

  const found = ['| | products with J and Jᵀ | status | relative difference |', '|---|---|---|---|'];
  let largest = NaN;
  for (const k of [1, 5, 10]) {
    const kernel = tangentKernel(jacobian);
    jacobian.products = 0;
    const reference = await lanczos(kernel, { k });
    const spent = jacobian.products;
    const result = await svd(jacobian, { k });
    largest = result.singularValues[0]!;
    const differences = Array.from(result.singularValues, (value, i) =>
      Math.abs(value / Math.sqrt(reference.eigenvalues[i]!) - 1),
    );
    const difference = Math.max(...differences).toExponential(0);
    found.push(`| \`svd\`, k = ${k} | ${result.numMatvecs} | ${result.status} | ${difference} |`);
    found.push(`| \`lanczos\` of JJᵀ, k = ${k} | ${spent} | ${reference.status} | |`);
    for (const held of [reference, result, kernel]) held.dispose();
  }
  printTable('singular-values', found);

  const b = tf.tidy(() => tf.neg(tf.reshape(outputs(), [-1]))) as tf.Tensor1D;
  const right = jacobian.rmatvec(b);
  const length = await lengthOf(right);
  const normal: LinearOperator = {
    size: n,
    matvec: (v) => tf.tidy(() => jacobian.rmatvec(jacobian.matvec(v))),
    dispose: () => {},
  };
  const solved = [
    '| λ/σ₁ | | products with J and Jᵀ | status | ‖Jᵀ(b − Jx) − λ²x‖/‖Jᵀb‖ |',
    '|---|---|---|---|---|',
  ];
  for (const ratio of [1e-1, 1e-2, 1e-3]) {
    const damping = ratio * largest;
    const row = (name: string, status: string, residual: number): void => {
      const share = (residual / length).toExponential(0);
      solved.push(`| ${ratio} | ${name} | ${jacobian.products} | ${status} | ${share} |`);
    };
    jacobian.products = 0;
    const one = await lsmr(jacobian, b, { damping });
    row('`lsmr`', one.status, one.normalResidualNorm);
    jacobian.products = 0;
    const other = await solve(normal, right, { damping: damping ** 2 });
    row('`solve` of JᵀJ', other.status, other.residualNorm);
    one.dispose();
    other.dispose();
  }
  printTable('least-squares', solved);
  tf.dispose([b, right]);
  jacobian.dispose();
  net.dispose();
}

async function lengthOf(vector: tf.Tensor1D): Promise<number> {
  const square = tf.tidy(() => tf.sum(tf.square(vector)));
  const [value] = await square.data();
  square.dispose();
  return Math.sqrt(value!);
}
