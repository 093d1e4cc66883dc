// Prints `passed failed` from a JSON report of vitest, for .ci/run.
//
//   node scripts/count-tests.mjs <report.json> <exit status of the test command>
//
// A file that could not be loaded has no tests to count, and a run that broke off may have no report at all: each
// counts as one failure, and so does an exit status that no counted failure explains.

import { readFileSync } from 'node:fs';

const [, , path, status] = process.argv;

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  }
}

const { numPassedTests, numFailedTests, testResults } = readReport();
const notLoaded = testResults.filter(
  ({ status: outcome, assertionResults }) =>
    outcome === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
);
const counted = numFailedTests + notLoaded.length;
const unexplained = counted === 0 && (status !== '0' || numPassedTests === 0) ? 1 : 0;
console.log(`${numPassedTests} ${counted + unexplained}`);
