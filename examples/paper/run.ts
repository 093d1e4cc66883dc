import { fileURLToPath } from 'node:url';
import { DataFileError } from '../data/data-file-error.js';
import { closeUpPlan } from './at-scale/close-up.js';
import { queueTrainings } from './at-scale/queue-trainings.js';
import { closeUpPaths, runsOf, scaleRows } from './at-scale/rows.js';
import { runAtScale } from './at-scale/run-at-scale.js';
import { runCloseUps } from './at-scale/run-close-ups.js';
import { scalePlanOf } from './at-scale/scale-plans.js';
import type { TrainingRun } from './at-scale/training-run.js';
import type { FindingsCommand, TrainingsCommand } from './command-line.js';
import { parseCommandLine, usage } from './command-line.js';
import type { RunTimes } from './run-finding.js';
import { runFinding } from './run-finding.js';
import { connectToQueue } from './queue-connection.js';
import { QueuedUnits } from './queued-units.js';
import { RunError, UnitsFailedError } from './run-error.js';
import { planOf } from './sizes.js';
import { markdownTable } from './table.js';
import { STOPPED, UnitPool } from './unit-pool.js';
import type { UnitRunner } from './unit-runner.js';
import { LocalUnits } from './unit-runner.js';

/** What a host's connection is called. */
const HOST = 'paper-host';

const args = process.argv.slice(2);
if (args.length === 0 || args.includes('--help')) {
  console.log(usage);
} else {
  try {
    const command = parseCommandLine(args);
    if ('rows' in command) await runTrainings(command);
    else await runFindings(command);
  } catch (error) {
    // What a person can mend needs no trace.
    if (!(error instanceof RunError || error instanceof DataFileError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Goes on with one row after the other: trainings, and what looks closer at their paths. */
async function runTrainings({ rows, checkpoints, dataFolder, queue }: TrainingsCommand): Promise<void> {
  const settings = {
    planOf: scalePlanOf,
    closeUp: closeUpPlan,
    records: fileURLToPath(new URL('../../docs/paper/records', import.meta.url)),
    checkpoints,
    dataFolder,
    keepsWeights: (run: TrainingRun) => closeUpPaths.includes(run),
    say: (line: string) => console.log(line),
  };
  const runs = rows.flatMap(runsOf);
  if (queue == null) {
    for (const row of scaleRows.filter(({ name }) => rows.includes(name))) {
      if ('runs' in row) await runAtScale(row.runs, settings, runs);
      else await runCloseUps(row.name, row.paths, settings);
    }
    return;
  }
  const connection = await connectToQueue(queue, HOST);
  const stopping = new AbortController();
  onSignal(() => stopping.abort(new RunError(STOPPED)));
  try {
    await queueTrainings(connection, queue.group, runs, settings, stopping.signal);
  } finally {
    await connection.close();
  }
}

/** Runs one finding after the other, and says what each took. */
async function runFindings({ runs, jobs, queue }: FindingsCommand): Promise<void> {
  const connection = queue == null ? null : await connectToQueue(queue, HOST);
  const runner: UnitRunner =
    connection == null ? new LocalUnits(new UnitPool(jobs)) : new QueuedUnits(connection, queue!.group);
  let isStopped = false;
  onSignal(() => {
    isStopped = true;
    void runner.stop();
  });
  const times = new Map<string, RunTimes>();
  try {
    for (const settings of runs) {
      console.log(`\n${settings.finding}: ${settings.out}/report.md`);
      const planned = { settings, plan: planOf(settings.size, settings.data) };
      try {
        times.set(settings.finding, await runFinding(planned, runner));
      } catch (error) {
        // Other findings are none the worse for it.
        if (isStopped || !(error instanceof UnitsFailedError)) throw error;
        console.error(error.message);
        process.exitCode = 1;
      }
    }
  } finally {
    await runner.stop();
    await connection?.close();
    if (times.size > 0)
      console.log(`\n${timeTable(times, queue == null ? `${jobs} processes` : 'the workers')}`);
  }
}

function onSignal(stop: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
}

function timeTable(times: ReadonlyMap<string, RunTimes>, who: string): string {
  const minutes = (seconds: number): string => (seconds / 60).toFixed(1);
  const all = [...times.values()];
  const total = (pick: (time: RunTimes) => number): string =>
    minutes(all.reduce((sum, time) => sum + pick(time), 0));
  return markdownTable(
    ['finding', 'minutes', `processor minutes of ${who}`],
    [
      ...[...times].map(([name, time]) => [name, minutes(time.wallSeconds), minutes(time.cpuSeconds)]),
      ['all', total(({ wallSeconds }) => wallSeconds), total(({ cpuSeconds }) => cpuSeconds)],
    ],
  );
}
