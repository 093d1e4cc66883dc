import { SingleBar } from 'cli-progress';
import type { Finding, Preparation, Task } from './finding.js';
import type { PlannedRun } from './planned-run.js';
import type { RunStore } from './run-store.js';
import type { TaskRunner } from './unit-service.js';

/**
 * Runs the units of a finding that are not stored yet, and what they need, and stores each result as it comes. The
 * runner says how many run at a time; the longest come first, so that none is left over at the end.
 *
 * @returns CPU seconds of the tasks
 */
export async function runTasks(
  planned: PlannedRun,
  finding: Finding<unknown>,
  store: RunStore,
  runner: TaskRunner,
): Promise<number> {
  const waiting = finding.units.filter(({ id }) => store.get(id) === undefined);
  const needed = new Map<string, Preparation>();
  for (const { needs } of waiting) if (needs != null && !needs.isDone()) needed.set(needs.id, needs);
  const bar = new TaskBar([...needed.values(), ...waiting]);
  let cpuSeconds = 0;
  const run = async (task: Task): Promise<unknown> => {
    const outcome = await runner.run(planned, task.id, ({ done, total }) => bar.update(task, done / total));
    cpuSeconds += outcome.cpuSeconds;
    bar.update(task, 1);
    return outcome.result;
  };
  try {
    const prepared = new Map([...needed.values()].map((task) => [task.id, run(task)]));
    await Promise.all(
      [...waiting]
        .sort((a, b) => b.weight - a.weight)
        .map(async (unit) => {
          if (unit.needs != null) await prepared.get(unit.needs.id);
          store.put(unit.id, await run(unit));
        }),
    );
  } finally {
    bar.stop();
  }
  return cpuSeconds;
}

/** One bar for all tasks. */
class TaskBar {
  private readonly shares = new Map<string, number>();
  private readonly all: number;
  private readonly bar = new SingleBar({
    format: '{bar} {percentage} % | {eta_formatted} left | {task}',
    barsize: 24,
    etaBuffer: 50,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 15_000,
  });

  constructor(tasks: readonly Task[]) {
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
