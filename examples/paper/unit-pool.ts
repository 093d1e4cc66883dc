import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Pool } from 'workerpool';
import workerpool from 'workerpool';
import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import type { PlannedRun } from './planned-run.js';
import { RunError } from './run-error.js';
import type { TaskOutcome, TaskRunner } from './unit-service.js';
import type { TaskReply } from './unit-worker.js';

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

  async run(
    planned: PlannedRun,
    id: string,
    onProgress: (progress: AnalysisProgress) => void,
  ): Promise<TaskOutcome> {
    const reply = await this.ask(planned, id, onProgress);
    if ('failure' in reply) throw new RunError(reply.failure);
    return reply;
  }

  /** Ends the processes. Tasks under way are given up, with an error that says so. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.pool.terminate(true);
  }

  private async ask(
    planned: PlannedRun,
    id: string,
    onProgress: (progress: AnalysisProgress) => void,
  ): Promise<TaskReply> {
    try {
      return (await this.pool.exec('run', [planned, id], { on: onProgress })) as TaskReply;
    } catch (error) {
      if (this.isStopped) throw new RunError('stopped; the same command goes on from what is recorded');
      if (error instanceof workerpool.TerminateError) {
        throw new RunError(`the process that ran "${id}" ended: too little memory? (fewer --jobs need less)`);
      }
      throw error;
    }
  }
}
