// Runs one bundle of TensorFlow.js's tests under jasmine:
//
//   node run-bundle.cjs <bundle> <report.json> [part of the names]
//
// The report lists every test with its outcome, and what failed outside of tests.

const { writeFileSync } = require('node:fs');
const jasmineCore = require('jasmine-core');

const [, , bundle, report, part] = process.argv;
const specs = [];
const outside = [];
const seen = new Map();
const short = (text) => String(text).split('\n').slice(0, 3).join(' | ').slice(0, 300);

// What reaches jasmine between two tests it throws, which would end the process.
const on = process.on;
process.on = function (event, listener) {
  if (event !== 'unhandledRejection' && event !== 'uncaughtException') return on.call(this, event, listener);
  return on.call(this, event, (error) => {
    try {
      listener(error);
    } catch {
      outside.push(`${event}: ${short(error)}`);
    }
  });
};
// Jasmine listens only while there is somebody else to hand the listening back to.
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, (error) => {
    throw error;
  });
}

const jasmine = jasmineCore.boot(jasmineCore);
const env = jasmine.getEnv();
env.configure({
  random: false,
  specFilter: (spec) => part === undefined || spec.getFullName().includes(part),
});
env.addReporter({
  suiteDone: ({ fullName, failedExpectations }) => {
    for (const { message } of failedExpectations) outside.push(`${fullName}: ${short(message)}`);
  },
  specDone: ({ fullName, status, failedExpectations }) => {
    const count = (seen.get(fullName) ?? 0) + 1;
    seen.set(fullName, count);
    // Some names occur twice.
    const name = count > 1 ? `${fullName} #${count}` : fullName;
    specs.push({ name, status, message: short(failedExpectations[0]?.message ?? '') });
  },
  jasmineDone: ({ failedExpectations }) => {
    for (const { message } of failedExpectations) outside.push(short(message));
    writeFileSync(report, JSON.stringify({ specs, outside, uses: globalThis.uses ?? {} }));
    process.exit(0);
  },
});
require(bundle);
jasmine.DEFAULT_TIMEOUT_INTERVAL = 60_000;
env.execute();
