import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe } from 'vitest';
import { testEigensolverContract, testLinearSolverContract } from '../contract/solver-contract.js';
import { eigensolverRows, linearSolverRows } from '../contract/solver-rows.js';
import { spectra } from '../contract/spectra.js';
import { backend, isDevice } from './backend.js';
import { browserBackend } from './contract-backend.js';

/*
 * A matrix product of up to 128 numbers is made on WebGPU by a workgroup of 256 threads for each of them, which is what
 * a GPU has, and takes SwiftShader a millisecond a number: half an hour for the table below. The vectors of real nets are
 * longer, and tfjs takes another program for them; so it does here. The one for short results runs in all other tests.
 */
const programType = 'WEBGPU_MATMUL_PROGRAM_TYPE';
const smallOutputSize = 2;

/**
 * A spectrum takes the solvers of blocks hundreds of iterations of small matrix products, each a program that SwiftShader
 * starts: on a device they solve these few, in Node and on the other backends all.
 */
const forBlocks = ['five above a line', 'few, repeated', 'n = 1', 'k = n'];
const others = spectra.map(({ name }) => name).filter((name) => !forBlocks.includes(name));
const inBlocks = ['lobpcg', 'interiorEigenpairs'];
const rows = eigensolverRows.map((row) =>
  isDevice && inBlocks.includes(row.name) ? { ...row, cannot: [...row.cannot, ...others] } : row,
);

describe(`on ${backend}`, () => {
  beforeAll(() => {
    if (backend !== 'webgpu') return;
    const before = tf.env().getNumber(programType);
    tf.env().set(programType, smallOutputSize);
    return () => tf.env().set(programType, before);
  });
  testEigensolverContract(rows, spectra, browserBackend);
  testLinearSolverContract(linearSolverRows, browserBackend);
});
