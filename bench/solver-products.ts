import * as tf from '@tensorflow/tfjs-core';
import { traceOfFunction } from '../src/estimators/trace-of-function.js';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { solve } from '../src/solvers/conjugate-gradient.js';
import { functionTimesVector } from '../src/solvers/function-times-vector.js';
import { interiorEigenpairs } from '../src/solvers/interior-eigenpairs.js';
import { lanczos } from '../src/solvers/lanczos.js';
import type { LanczosOptions } from '../src/solvers/lanczos-options.js';
import type { SolveOptions } from '../src/solvers/linear-solve.js';
import { lobpcg } from '../src/solvers/lobpcg.js';
import { lowRankPreconditioner } from '../src/solvers/low-rank-preconditioner.js';
import { minres } from '../src/solvers/minres.js';
import type { EigenResult } from '../src/solvers/result.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { printTable } from './tables.js';

/**
 * Products with the Hessian of the MNIST net that runs take under a budget, at both ends and inside of the spectrum, to solve
 * (H + δI)x = ∇L for δ three times -λ_min, with and without a preconditioner, and for functions of H. They do not depend on the machine.
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
  const add = (name: string, result: EigenResult, expected: readonly number[]): void => {
    const error = Math.max(
      ...Array.from(result.eigenvalues, (x) => Math.min(...expected.map((truth) => Math.abs(x / truth - 1)))),
    );
    found.push(`| ${name} | ${result.numMatvecs} | ${result.status} | ${error.toExponential(0)} |`);
    result.dispose();
  };
  for (const [name, options, expected] of rows) add(name, await lanczos(hessian, options), expected);
  add('3 largest, `lobpcg`', await lobpcg(hessian, { k: 3 }), largest);
  add('3 smallest, `lobpcg`', await lobpcg(hessian, { k: 3, which: 'SA' }), smallest);
  // 6.54 and 6.07 are the nearest to 6.3.
  add(
    '2 nearest to 6.3, `interiorEigenpairs`',
    await interiorEigenpairs(hessian, { near: 6.3, k: 2 }),
    largest,
  );
  add('1 nearest to 0.84, `interiorEigenpairs`', await interiorEigenpairs(hessian, { near: 0.84 }), largest);
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

  const functions = ['| | products | status | estimated error, relative |', '|---|---|---|---|'];
  const positive = -2 * smallest[0]!;
  const flow = (x: number): number => Math.exp(-0.1 * x);
  for (const [name, f, shift] of [
    ['e^(−0.1 H)∇L', flow, 0],
    ['log(H + 2\\|λ_min\\|I)∇L', 'log', positive],
    ['(H + 2\\|λ_min\\|I)^(−1/2)∇L', 'inverseSquareRoot', positive],
  ] as const) {
    const result = await functionTimesVector(hessian, f, gradient, { damping: shift });
    const size = Math.sqrt((await tf.tidy(() => tf.sum(tf.square(result.product))).data())[0]!);
    const error = (result.errorEstimate / size).toExponential(0);
    functions.push(`| ${name} | ${result.numMatvecs} | ${result.status} | ${error} |`);
    result.dispose();
  }
  const logDet = await traceOfFunction(hessian, 'log', { damping: positive, maxMatvecs: 200 });
  const share = Math.abs(logDet.standardError / logDet.value).toExponential(0);
  functions.push(
    `| log det(H + 2\\|λ_min\\|I), 200 products at most | ${logDet.numMatvecs} | ${logDet.status} | ${share} |`,
  );
  printTable('solver-functions', functions);
  gradient.dispose();
  hessian.dispose();
  net.dispose();
}
