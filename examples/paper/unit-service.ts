import { dispose } from '@tensorflow/tfjs-core';
import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import { createBench, startBackend } from './bench.js';
import { createFinding } from './findings/create-finding.js';
import type { PlannedRun } from './planned-run.js';
import type { PreparedData } from './prepared-data.js';
import { prepareData } from './prepared-data.js';

/** What a task came to. */
export interface TaskOutcome {
  readonly result: unknown;
  /** Time of all threads of the process, with what it took to load the data where it did. */
  readonly cpuSeconds: number;
}

/** Runs tasks of findings, in this process or elsewhere. */
export interface TaskRunner {
  /**
   * @param id of a unit of the run's finding, or of a preparation that a unit needs
   * @throws RunError, DataFileError
   */
  run(
    planned: PlannedRun,
    id: string,
    onProgress: (progress: AnalysisProgress) => void,
  ): Promise<TaskOutcome>;
}

/** Runs tasks in this process, one after the other. The data stay loaded while they are those of the task before. */
export class UnitService implements TaskRunner {
  private loaded: { readonly key: string; readonly data: PreparedData } | null = null;
  private last: Promise<unknown> = Promise.resolve();

  run(
    planned: PlannedRun,
    id: string,
    onProgress: (progress: AnalysisProgress) => void,
  ): Promise<TaskOutcome> {
    const outcome = this.last.then(() => this.runNow(planned, id, onProgress));
    this.last = outcome.catch(() => undefined);
    return outcome;
  }

  /** Releases the data. */
  dispose(): void {
    if (this.loaded != null) {
      const { train, validation, test } = this.loaded.data;
      dispose([train, validation, test].flatMap(({ xs, ys }) => [xs, ys]));
    }
    this.loaded = null;
  }

  private async runNow(
    planned: PlannedRun,
    id: string,
    onProgress: (progress: AnalysisProgress) => void,
  ): Promise<TaskOutcome> {
    const { units } = createFinding(planned);
    const tasks = units.flatMap((unit) => (unit.needs == null ? [unit] : [unit, unit.needs]));
    const task = tasks.find((candidate) => candidate.id === id);
    if (task == null) throw new Error(`no task '${id}' in ${planned.settings.finding}`);
    const before = process.cpuUsage();
    await startBackend();
    const result = await task.run(createBench(planned, this.load(planned)), onProgress);
    const { user, system } = process.cpuUsage(before);
    return { result, cpuSeconds: (user + system) / 1e6 };
  }

  private load({ settings, plan }: PlannedRun): PreparedData {
    const { data: name, dataFolder, randomLabels } = settings;
    const { train, validation, test } = plan;
    const key = JSON.stringify([name, dataFolder, randomLabels, train, validation, test]);
    if (this.loaded?.key !== key) {
      this.dispose();
      this.loaded = { key, data: prepareData(name, dataFolder, plan, randomLabels) };
    }
    return this.loaded!.data;
  }
}
