import { describeFaults } from './faults.js';

describeFaults('cpu');
