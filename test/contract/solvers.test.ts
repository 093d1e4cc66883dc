import { nodeBackend } from './node-backend.js';
import { testEigensolverContract, testLinearSolverContract } from './solver-contract.js';
import { eigensolverRows, linearSolverRows } from './solver-rows.js';
import { spectra } from './spectra.js';

const backend = nodeBackend('cpu');
testEigensolverContract(eigensolverRows, spectra, backend);
testLinearSolverContract(linearSolverRows, backend);
