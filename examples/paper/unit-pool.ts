import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Pool } from 'workerpool';
import workerpool from 'workerpool';
import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import { idOf } from './at-scale/training-run.js';
import type { Job } from './job.js';
import { LocalDataError, RunError } from './run-error.js';
import type { TaskOutcome, TaskRunner } from './unit-service.js';
import type { TaskReply } from './unit-worker.js';

/** What is said of what was given up. */
export const STOPPED = 'stopped; the same command goes on from what is recorded';

/**
 * Runs tasks in processes of their own, several at a time, in the order they come in. Processes start when they are
 * first needed, and keep the data from one task to the next.
 */
export class UnitPool implements TaskRunner {
  private readonly pool: Pool;
  private isStopped = false;

  /** @param jobs processes, at most */
  constructor(jobs: number) {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    this.pool = workerpool.pool(fileURLToPath(new URL('unit-worker.ts', import.meta.url)), {
      maxWorkers: jobs,
      workerType: 'process',
      forkOpts: { execArgv: ['--import', tsx] },
    });
  }

  async run(job: Job, onProgress: (progress: AnalysisProgress) => void): Promise<TaskOutcome> {
    const reply = await this.ask(job, onProgress);
    if (!('failure' in reply)) return reply;
    throw reply.isOfData ? new LocalDataError(reply.failure) : new RunError(reply.failure);
  }

  /** Ends the processes. Tasks under way are given up, with an error that says so. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.pool.terminate(true);
  }

  private async ask(job: Job, onProgress: (progress: AnalysisProgress) => void): Promise<TaskReply> {
    try {
      if (this.isStopped) throw new RunError(STOPPED);
      return (await this.pool.exec('run', [job], { on: onProgress })) as TaskReply;
    } catch (error) {
      if (this.isStopped) throw new RunError(STOPPED);
      if (error instanceof workerpool.TerminateError) {
        const what = job.kind === 'unit' ? job.id : idOf(job.run);
        throw new RunError(
          `the process that ran "${what}" ended: too little memory? (fewer --jobs need less)`,
        );
      }
      throw error;
    }
  }
}
