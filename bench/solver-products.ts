import * as tf from '@tensorflow/tfjs-core';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { solve } from '../src/solvers/conjugate-gradient.js';
import { lanczos } from '../src/solvers/lanczos.js';
import type { LanczosOptions } from '../src/solvers/lanczos-options.js';
import type { SolveOptions } from '../src/solvers/linear-solve.js';
import { lowRankPreconditioner } from '../src/solvers/low-rank-preconditioner.js';
import { minres } from '../src/solvers/minres.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { printTable } from './tables.js';

/**
 * Products with the Hessian of the MNIST net that runs take under a budget, at both ends of the spectrum, and to solve
 * (H + δI)x = ∇L for δ three times -λ_min, with and without a preconditioner. They do not depend on the machine.
 */
export async function productTables(): Promise<void> {
  const net = mnistMlp();
  const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
  const { largest, smallest } = net.expected;

  const found = ['| | products | status | largest relative error |', '|---|---|---|---|'];
  const rows: [string, LanczosOptions, readonly number[]][] = [
    ['5 largest', { k: 5 }, largest],
    ['5 largest, `maxMatvecs: 12`', { k: 5, maxMatvecs: 12 }, largest],
    ['5 largest, `maxMatvecs: 24`', { k: 5, maxMatvecs: 24 }, largest],
    ['3 largest', { k: 3 }, largest],
    ['3 smallest', { k: 3, which: 'SA' }, smallest],
    ["both: `which: 'BE', k: 6`", { k: 6, which: 'BE' }, [...largest.slice(0, 3), ...smallest.slice(0, 3)]],
  ];
  for (const [name, options, expected] of rows) {
    const { eigenvalues, numMatvecs, status, dispose } = await lanczos(hessian, options);
    const error = Math.max(
      ...Array.from(eigenvalues).map((x) => Math.min(...expected.map((truth) => Math.abs(x / truth - 1)))),
    );
    found.push(`| ${name} | ${numMatvecs} | ${status} | ${error.toExponential(0)} |`);
    dispose();
  }
  printTable('solver-pairs', found);

  const damping = -3 * smallest[0]!;
  const gradient = hessian.gradient();
  const length = Math.sqrt((await tf.tidy(() => tf.sum(tf.square(gradient))).data())[0]!);
  const solved = ['| | products of H | status | ‖r‖/‖b‖ |', '|---|---|---|---|'];
  const report = async (
    name: string,
    method: typeof solve | typeof minres,
    options: SolveOptions & Parameters<typeof solve>[2],
  ): Promise<void> => {
    const { numMatvecs, status, residualNorm, dispose } = await method(hessian, gradient, {
      damping,
      ...options,
    });
    solved.push(`| ${name} | ${numMatvecs} | ${status} | ${(residualNorm / length).toExponential(0)} |`);
    dispose();
  };
  await report('`solve`', solve, {});
  await report('`minres`', minres, {});
  await report('`solve`, `maxMatvecs: 8`', solve, { maxMatvecs: 8 });
  await report('`minres`, `maxMatvecs: 8`', minres, { maxMatvecs: 8 });
  for (const k of [5, 10]) {
    const pairs = await lanczos(hessian, { k });
    const preconditioner = lowRankPreconditioner(pairs, { damping });
    await report(`\`solve\`, preconditioner of ${k} pairs`, solve, { preconditioner });
    await report(`\`minres\`, preconditioner of ${k} pairs`, minres, { preconditioner });
    preconditioner.dispose();
    pairs.dispose();
  }
  printTable('solver-systems', solved);
  gradient.dispose();
  hessian.dispose();
  net.dispose();
}
