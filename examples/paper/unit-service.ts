import { dispose } from '@tensorflow/tfjs-core';
import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import { DataFileError } from '../data/data-file-error.js';
import { trainWhole } from './at-scale/train-whole.js';
import { createBench, startBackend } from './bench.js';
import { createFinding } from './findings/create-finding.js';
import type { Job, TrainingJob, UnitJob } from './job.js';
import type { PreparedData } from './prepared-data.js';
import { prepareData } from './prepared-data.js';
import { LocalDataError } from './run-error.js';

/** What a task came to. */
export interface TaskOutcome {
  readonly result: unknown;
  /** Time of all threads of the process, with what it took to load the data where it did. */
  readonly cpuSeconds: number;
}

/** Does jobs, in this process or elsewhere. */
export interface TaskRunner {
  /** @throws RunError; LocalDataError for the data of the machine that does it */
  run(job: Job, onProgress: (progress: AnalysisProgress) => void): Promise<TaskOutcome>;
  /** Gives up what is under way. */
  stop(): Promise<void>;
}

/** Does jobs in this process, one after the other. The data stay loaded while they are those of the job before. */
export class UnitService implements TaskRunner {
  private loaded: { readonly key: string; readonly data: PreparedData } | null = null;
  private last: Promise<unknown> = Promise.resolve();

  run(job: Job, onProgress: (progress: AnalysisProgress) => void): Promise<TaskOutcome> {
    const outcome = this.last.then(() => this.runNow(job, onProgress));
    this.last = outcome.catch(() => undefined);
    return outcome;
  }

  /** Waits for the job under way: this process does nothing else meanwhile. */
  async stop(): Promise<void> {
    await this.last;
    this.dispose();
  }

  /** Releases the data. */
  dispose(): void {
    if (this.loaded != null) {
      const { train, validation, test } = this.loaded.data;
      dispose([train, validation, test].flatMap(({ xs, ys }) => [xs, ys]));
    }
    this.loaded = null;
  }

  private async runNow(job: Job, onProgress: (progress: AnalysisProgress) => void): Promise<TaskOutcome> {
    const before = process.cpuUsage();
    await startBackend();
    const result = await (job.kind === 'unit' ? this.runUnit(job, onProgress) : this.train(job, onProgress));
    const { user, system } = process.cpuUsage(before);
    return { result, cpuSeconds: (user + system) / 1e6 };
  }

  private async runUnit(
    { planned, id }: UnitJob,
    onProgress: (progress: AnalysisProgress) => void,
  ): Promise<unknown> {
    const { data: name, dataFolder, randomLabels } = planned.settings;
    const data = this.load(name, dataFolder, planned.plan, randomLabels, planned.dataHash ?? null);
    const bench = createBench(planned, data);
    const { units } = createFinding(planned);
    const unit = units.find((candidate) => candidate.id === id);
    if (unit == null) {
      const preparation = units.find(({ needs }) => needs?.id === id)?.needs;
      if (preparation == null) throw new Error(`no task '${id}' in ${planned.settings.finding}`);
      return preparation.run(bench, onProgress);
    }
    // On another machine than that which prepared it.
    if (unit.needs?.isDone() === false) await unit.needs.run(bench, onProgress);
    return unit.run(bench, onProgress);
  }

  private async train(job: TrainingJob, onProgress: (progress: AnalysisProgress) => void): Promise<unknown> {
    return trainWhole(job, this.load(job.run.data, job.dataFolder, job.plan, 0, job.dataHash), onProgress);
  }

  private load(...source: Parameters<typeof prepareData>): PreparedData {
    const [name, folder, { train, validation, test }, noise, hash] = source;
    const key = JSON.stringify([name, folder, noise, hash, train, validation, test]);
    if (this.loaded?.key === key) return this.loaded.data;
    this.dispose();
    try {
      const data = prepareData(...source);
      this.loaded = { key, data };
      return data;
    } catch (error) {
      throw error instanceof DataFileError ? new LocalDataError(error.message) : error;
    }
  }
}
