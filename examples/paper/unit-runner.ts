import type { Task, Unit } from './finding.js';
import type { PlannedRun } from './planned-run.js';
import type { TaskOutcome, TaskRunner } from './unit-service.js';

/** Where it goes what units come to. */
export interface UnitSink {
  /** All that is to be done. */
  plan(tasks: readonly Task[]): void;
  /** @param share of a task that is done, 0 to 1 */
  progress(task: Task, share: number): void;
  record(unit: Task, outcome: TaskOutcome): void;
  /** A preparation is done. */
  prepared(task: Task, outcome: TaskOutcome): void;
  /** A unit came to nothing; the others go on. */
  fail(unit: Task, reason: Error): void;
}

/** Runs the units of a finding, in this process or elsewhere. */
export interface UnitRunner {
  /** @param units those that take longest first */
  run(planned: PlannedRun, units: readonly Unit<unknown>[], sink: UnitSink): Promise<void>;
  /** Gives up what is under way. */
  stop(): Promise<void>;
}

/** Runs units on this machine: a preparation once, before those that need it. */
export class LocalUnits implements UnitRunner {
  constructor(private readonly tasks: TaskRunner) {}

  async run(planned: PlannedRun, units: readonly Unit<unknown>[], sink: UnitSink): Promise<void> {
    const needed = new Map(
      units.flatMap(({ needs }) => (needs == null || needs.isDone() ? [] : [[needs.id, needs]])),
    );
    sink.plan([...needed.values(), ...units]);
    const run = (task: Task): Promise<TaskOutcome> =>
      this.tasks.run({ kind: 'unit', planned, id: task.id }, ({ done, total }) =>
        sink.progress(task, done / total),
      );
    const preparations = new Map(
      [...needed.values()].map((task) => [
        task.id,
        run(task).then((outcome) => sink.prepared(task, outcome)),
      ]),
    );
    // Where one fails, so do its units; nobody else may wait for it.
    for (const preparation of preparations.values()) preparation.catch(() => undefined);
    const runUnit = async (unit: Unit<unknown>): Promise<void> => {
      let outcome: TaskOutcome;
      try {
        if (unit.needs != null) await preparations.get(unit.needs.id);
        outcome = await run(unit);
      } catch (error) {
        return sink.fail(unit, error as Error);
      }
      sink.record(unit, outcome);
    };
    await Promise.all(units.map(runUnit));
  }

  async stop(): Promise<void> {
    await this.tasks.stop();
  }
}
