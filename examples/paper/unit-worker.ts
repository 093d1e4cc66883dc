// A process that runs tasks of findings: see UnitPool.
import workerpool from 'workerpool';
import { DataFileError } from '../data/data-file-error.js';
import type { PlannedRun } from './planned-run.js';
import { RunError } from './run-error.js';
import type { TaskOutcome } from './unit-service.js';
import { UnitService } from './unit-service.js';

/** What goes back to the pool. Errors a person can mend come as their message: classes do not pass between processes. */
export type TaskReply = TaskOutcome | { readonly failure: string };

const service = new UnitService();

async function run(planned: PlannedRun, id: string): Promise<TaskReply> {
  try {
    return await service.run(planned, id, (progress) => workerpool.workerEmit(progress));
  } catch (error) {
    if (error instanceof RunError || error instanceof DataFileError) return { failure: error.message };
    throw error;
  }
}

// A terminal sends Ctrl-C to all processes of a command; the one that owns the records ends the others.
process.on('SIGINT', () => undefined);
workerpool.worker({ run });
