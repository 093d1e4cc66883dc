import { describeFaults } from './faults.js';

describeFaults('wasm', 'ours');
