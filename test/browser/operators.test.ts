import { describe } from 'vitest';
import { testOperatorContract } from '../contract/operator-contract.js';
import { operatorRows } from '../contract/operator-rows.js';
import { testRectangularContract } from '../contract/rectangular-contract.js';
import { rectangularRows } from '../contract/rectangular-rows.js';
import { backend } from './backend.js';
import { browserBackend } from './contract-backend.js';

describe(`on ${backend}`, () => {
  testOperatorContract(operatorRows, browserBackend);
  testRectangularContract(rectangularRows, browserBackend);
});
