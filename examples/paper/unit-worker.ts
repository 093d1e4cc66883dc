// A process that does jobs: see UnitPool.
import workerpool from 'workerpool';
import type { Job } from './job.js';
import { LocalDataError, RunError } from './run-error.js';
import type { TaskOutcome } from './unit-service.js';
import { UnitService } from './unit-service.js';

/** What goes back to the pool. Errors a person can mend come as their message: classes do not pass between processes. */
export type TaskReply = TaskOutcome | { readonly failure: string; readonly isOfData: boolean };

const service = new UnitService();

async function run(job: Job): Promise<TaskReply> {
  try {
    return await service.run(job, (progress) => workerpool.workerEmit(progress));
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { failure: error.message, isOfData: error instanceof LocalDataError };
  }
}

// A terminal sends Ctrl-C to all processes of a command; the one that owns the records ends the others.
process.on('SIGINT', () => undefined);
workerpool.worker({ run });
