import { describe } from 'vitest';
import { testEigensolverContract, testLinearSolverContract } from '../contract/solver-contract.js';
import { eigensolverRows, linearSolverRows } from '../contract/solver-rows.js';
import { spectra } from '../contract/spectra.js';
import { backend, isDevice, runsAll } from './backend.js';
import { browserBackend } from './contract-backend.js';

/** Small enough where drawing takes long: one with copies, a whole space, and one that ends at once. */
const part = new Set(['few, repeated', 'k = n', 'n = 1']);

describe(`on ${backend}`, () => {
  const isPart = isDevice && !runsAll;
  const chosen = isPart ? spectra.filter(({ name }) => part.has(name)) : spectra;
  const rows = isPart ? eigensolverRows.map((row) => ({ ...row, ends: [row.ends[0]!] })) : eigensolverRows;
  testEigensolverContract(rows, chosen, browserBackend);
  testLinearSolverContract(linearSolverRows, browserBackend);
});
