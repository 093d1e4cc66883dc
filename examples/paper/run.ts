import { fileURLToPath } from 'node:url';
import { rows } from './at-scale/rows.js';
import { runAtScale } from './at-scale/run-at-scale.js';
import { paperPlan } from './at-scale/training-run.js';
import type { FindingsCommand, TrainingsCommand } from './command-line.js';
import { parseCommandLine, usage } from './command-line.js';
import type { RunTimes } from './run-finding.js';
import { runFinding } from './run-finding.js';
import { RunError } from './run-error.js';
import { planOf } from './sizes.js';
import { markdownTable } from './table.js';
import { UnitPool } from './unit-pool.js';

const args = process.argv.slice(2);
if (args.length === 0 || args.includes('--help')) {
  console.log(usage);
} else {
  try {
    const command = parseCommandLine(args);
    if ('trainings' in command) await runTrainings(command);
    else await runFindings(command);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Goes on with the trainings of one finding after the other. */
async function runTrainings({ trainings, checkpoints, dataFolder }: TrainingsCommand): Promise<void> {
  const records = fileURLToPath(new URL('../../docs/paper/records', import.meta.url));
  const settings = {
    plan: paperPlan,
    records,
    checkpoints,
    dataFolder,
    say: (line: string) => console.log(line),
  };
  await runAtScale(
    trainings.flatMap((finding) => rows[finding] ?? []),
    settings,
  );
}

/** Runs one finding after the other, and says what each took. */
async function runFindings({ runs, jobs }: FindingsCommand): Promise<void> {
  const pool = new UnitPool(jobs);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void pool.stop());
  const times = new Map<string, RunTimes>();
  try {
    for (const settings of runs) {
      console.log(`\n${settings.finding}: ${settings.out}/report.md`);
      const planned = { settings, plan: planOf(settings.size, settings.data) };
      times.set(settings.finding, await runFinding(planned, pool));
    }
  } finally {
    await pool.stop();
    if (times.size > 0) console.log(`\n${timeTable(times, jobs)}`);
  }
}

function timeTable(times: ReadonlyMap<string, RunTimes>, jobs: number): string {
  const minutes = (seconds: number): string => (seconds / 60).toFixed(1);
  const all = [...times.values()];
  const total = (pick: (time: RunTimes) => number): string =>
    minutes(all.reduce((sum, time) => sum + pick(time), 0));
  return markdownTable(
    ['finding', 'minutes', `processor minutes of ${jobs} processes`],
    [
      ...[...times].map(([name, time]) => [name, minutes(time.wallSeconds), minutes(time.cpuSeconds)]),
      ['all', total(({ wallSeconds }) => wallSeconds), total(({ cpuSeconds }) => cpuSeconds)],
    ],
  );
}
