import { describeGolden } from './golden-suite.js';

describeGolden('cpu');
