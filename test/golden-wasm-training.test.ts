import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { describeGolden } from './golden-suite.js';

describeGolden('wasm', 'with training kernels', registerWasmTrainingKernels);
