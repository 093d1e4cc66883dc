import { createFinding } from './findings/create-finding.js';
import type { PlannedRun } from './planned-run.js';
import { writeReport } from './report.js';
import { RunStore } from './run-store.js';
import { runTasks } from './run-tasks.js';
import { fingerprintOf } from './settings.js';
import type { UnitRunner } from './unit-runner.js';

/** What a run took. */
export interface RunTimes {
  readonly wallSeconds: number;
  /** Of all processes that ran tasks. */
  readonly cpuSeconds: number;
}

/**
 * Runs what is not yet in the records of a finding, and writes its report.
 *
 * @throws RunError if the folder cannot be written or holds another run; UnitsFailedError if units came to nothing
 */
export async function runFinding(planned: PlannedRun, runner: UnitRunner): Promise<RunTimes> {
  const start = performance.now();
  const { settings, plan } = planned;
  const store = new RunStore(settings.out, fingerprintOf(settings, plan));
  const finding = createFinding(planned);
  const cpuSeconds = await runTasks(planned, finding, store, runner);
  const results = finding.units.map(({ id, seed }) => ({ id, seed, result: store.get(id) }));
  await writeReport(store, settings, finding.report(results));
  return { wallSeconds: (performance.now() - start) / 1000, cpuSeconds };
}
