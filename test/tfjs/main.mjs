// TensorFlow.js's own tests (those that @tensorflow/tfjs-core ships) on the kernels and the tape of this package.
//
//   npm run test:tfjs                              compares all configurations; fails on what is not on the list of
//                                                  allowed-losses.mjs, and on what is there without need
//   npm run test:tfjs -- tape-cpu [part of names]  shows what fails in one configuration

import { allowedLosses } from './allowed-losses.mjs';
import { compareRuns } from './compare.mjs';
import { comparisons, configurations } from './configurations.mjs';
import { runConfiguration } from './run-configuration.mjs';

/** Fewer uses than this of what is tested mean that it was not tested: half of what there are. */
const FEWEST_USES = { kernels: 150, tape: 300 };
/** As many processes as the machines of CI have cores. */
const PROCESSES = 2;

const passed = ({ specs }) => specs.filter(({ status }) => status === 'passed').length;

async function runAll() {
  const runs = {};
  const waiting = Object.keys(configurations);
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      runs[name] = await runConfiguration(name);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
  return runs;
}

/** Prints how `after` stands to `before` and returns the number of faults. */
function judge(runs, { before, after, what }) {
  const reasons = allowedLosses.filter((entry) => entry.in.includes(after));
  const allowed = reasons.flatMap(({ tests }) => tests);
  const { lost, gained, unexpected, stale } = compareRuns(runs[before], runs[after], allowed);
  const counts = `${runs[before].specs.length} tests, ${passed(runs[before])} pass before, ${passed(runs[after])} after`;
  console.log(`\n${what}: ${counts}; ${lost.length} lost, ${gained} gained`);
  for (const { why, tests } of reasons) console.log(`  ${tests.length} allowed: ${why}`);
  const faults = [
    ...unexpected.map(({ name, message }) => `lost and not on the list: ${name}\n      ${message}`),
    ...stale.map((name) => `on the list, but not lost: ${name}`),
    ...runs[after].outside
      .filter((text) => !runs[before].outside.includes(text))
      .map((text) => `failed outside of the tests: ${text}`),
    ...Object.entries(FEWEST_USES)
      .filter(([use, fewest]) => use in runs[after].uses && runs[after].uses[use] < fewest)
      .map(([use]) => `the ${use} hardly came into it: ${runs[after].uses[use]} uses`),
    ...(Object.keys(runs[after].uses).length > 0 ? [] : ['what is tested was not used']),
  ];
  for (const fault of faults) console.log(`  ${fault}`);
  return faults.length;
}

async function showOne(name, part) {
  if (!(name in configurations)) {
    throw new Error(`no configuration '${name}': one of ${Object.keys(configurations).join(', ')}`);
  }
  const run = await runConfiguration(name, part);
  for (const { name: test, status, message } of run.specs) {
    if (status === 'failed') console.log(`${test}\n      ${message}`);
  }
  console.log(
    `${passed(run)} passed, ${run.specs.filter(({ status }) => status === 'failed').length} failed`,
  );
}

const [, , configuration, part] = process.argv;
if (configuration !== undefined) {
  await showOne(configuration, part);
} else {
  const runs = await runAll();
  const faults = comparisons.reduce((sum, comparison) => sum + judge(runs, comparison), 0);
  console.log(`\n${faults === 0 ? 'as expected' : `${faults} faults`}`);
  process.exitCode = faults === 0 ? 0 : 1;
}
