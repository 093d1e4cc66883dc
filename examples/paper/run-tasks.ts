import { SingleBar } from 'cli-progress';
import type { Finding, Task } from './finding.js';
import type { PlannedRun } from './planned-run.js';
import { RunError, UnitsFailedError } from './run-error.js';
import type { RunStore } from './run-store.js';
import type { UnitRunner } from './unit-runner.js';
import type { TaskOutcome } from './unit-service.js';

/**
 * Runs the units of a finding that are not stored yet, and stores each result as it comes. The runner says where, and how
 * many at a time; the longest come first, so that none is left over at the end. One that fails stops no other.
 *
 * @returns CPU seconds of the tasks
 * @throws UnitsFailedError at the end, with the reason of each unit that failed
 */
export async function runTasks(
  planned: PlannedRun,
  finding: Finding<unknown>,
  store: RunStore,
  runner: UnitRunner,
): Promise<number> {
  const waiting = finding.units
    .filter(({ id }) => store.get(id) === undefined)
    .sort((a, b) => b.weight - a.weight);
  const bar = new TaskBar();
  const failures = new Map<string, string[]>();
  let cpuSeconds = 0;
  const finish = (task: Task, outcome: TaskOutcome): void => {
    cpuSeconds += outcome.cpuSeconds;
    bar.update(task, 1);
  };
  try {
    await runner.run(planned, waiting, {
      plan: (tasks) => bar.start(tasks),
      progress: (task, share) => bar.update(task, share),
      prepared: finish,
      record: (unit, outcome) => {
        store.put(unit.id, outcome.result);
        finish(unit, outcome);
      },
      fail: ({ id }, error) => {
        // What a person can mend needs no trace.
        const reason = error instanceof RunError ? error.message : (error.stack ?? error.message);
        failures.set(reason, [...(failures.get(reason) ?? []), id]);
      },
    });
  } finally {
    bar.stop();
  }
  if (failures.size === 0) return cpuSeconds;
  const reasons = [...failures].map(([reason, ids]) => `${ids.join('; ')}: ${reason}`);
  const count = [...failures.values()].flat().length;
  throw new UnitsFailedError(
    [`${count} of ${waiting.length} units of ${planned.settings.finding} came to nothing`, ...reasons].join(
      '\n',
    ),
  );
}

/** One bar for all tasks. */
class TaskBar {
  private readonly shares = new Map<string, number>();
  private all = 0;
  private readonly bar = new SingleBar({
    format: '{bar} {percentage} % | {eta_formatted} left | {task}',
    barsize: 24,
    etaBuffer: 50,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 15_000,
  });

  start(tasks: readonly Task[]): void {
    this.all = tasks.reduce((sum, { weight }) => sum + weight, 0);
    // In thousandths: the bar foresees the end only from whole numbers that grow.
    this.bar.start(tasks.length === 0 ? 0 : 1000, 0, { task: '' });
  }

  /** @param share of a task that is done, 0 to 1 */
  update(task: Task, share: number): void {
    this.shares.set(task.id, share * task.weight);
    const done = [...this.shares.values()].reduce((sum, weight) => sum + weight, 0);
    this.bar.update(Math.round((1000 * done) / this.all), { task: task.id });
  }

  stop(): void {
    this.bar.stop();
  }
}
