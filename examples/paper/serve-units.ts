import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/nats-core';
import type { SweepEvent, SweepServer, UnitContext } from '../../src/nats/index.js';
import { serveSweeps, UnfitWorkerError } from '../../src/nats/index.js';
import type { Job } from './job.js';
import { LocalDataError, RunError } from './run-error.js';
import type { TaskOutcome, TaskRunner } from './unit-service.js';
import type { WorkerSettings } from './worker-command-line.js';

/** A worker of a queue, as `serveSweeps` says. What it was at is given up when it is closed. */
export async function serveUnits(
  connection: NatsConnection,
  runner: TaskRunner,
  settings: Omit<WorkerSettings, 'queue'> & { readonly group: string },
  onEvent: (event: SweepEvent) => void,
): Promise<SweepServer> {
  const { group, name, jobs, idleMs } = settings;
  const run = async (job: Job, { signal, onProgress }: UnitContext): Promise<TaskOutcome> => {
    const stop = (): void => void runner.stop();
    signal.addEventListener('abort', stop);
    try {
      return await runner.run(atHome(job, settings), onProgress);
    } catch (error) {
      if (error instanceof LocalDataError) throw new UnfitWorkerError(error.message);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
  return serveSweeps(connection, run, { group, name, parallel: jobs, idleMs, onEvent });
}

/** A job with the folders of this machine. */
function atHome(job: Job, { dataFolders, out }: Pick<WorkerSettings, 'dataFolders' | 'out'>): Job {
  if (job.kind === 'training') {
    const dataFolder = dataFolders[job.run.data] ?? null;
    return { ...job, dataFolder, checkpoints: join(out, 'trainings') };
  }
  if (job.kind !== 'unit')
    throw new RunError(`expected a unit or a training, received ${JSON.stringify(job)}`);
  const { planned } = job;
  const dataFolder = dataFolders[planned.settings.data] ?? null;
  // Checkpoints lie beside the folder of a run.
  const settings = { ...planned.settings, dataFolder, out: join(out, 'units') };
  return { ...job, planned: { ...planned, settings } };
}
