import { testEstimatorContract } from './estimator-contract.js';
import { estimatorRows } from './estimator-rows.js';
import { nodeBackend } from './node-backend.js';

testEstimatorContract(estimatorRows, nodeBackend('cpu'));
