import type { NatsConnection } from '@nats-io/nats-core';
import { runSweep } from '../../../src/nats/index.js';
import type { TrainingJob } from '../job.js';
import { hashOfData } from '../prepared-data.js';
import { asRunError, sweepName } from '../queue-connection.js';
import { UnitsFailedError } from '../run-error.js';
import type { TaskOutcome } from '../unit-service.js';
import { readRecord, writeRecord } from './record-file.js';
import type { ScaleSettings } from './run-at-scale.js';
import { isOver } from './train-run.js';
import type { TrainingPoint } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { idOf } from './training-run.js';
import { secondsLeft } from './units.js';

/**
 * Has the trainings that are not over done by the workers of a queue, each as a whole: checkpoints stay on the machine that
 * wrote them. A record is written when its training is over.
 *
 * @throws UnitsFailedError at the end, for those that came to nothing
 */
export async function queueTrainings(
  connection: NatsConnection,
  group: string,
  runs: readonly TrainingRun[],
  { planOf, records, dataFolder, say }: Omit<ScaleSettings, 'checkpoints'>,
  signal: AbortSignal,
): Promise<void> {
  const open = runs.filter((run) => !isOver(run, readRecord(records, planOf(run), run)));
  const hashes = new Map<string, string>();
  const hashFor = ({ data }: TrainingRun, plan: ScalePlan): string => {
    const key = JSON.stringify([data, plan.train, plan.validation, plan.test]);
    const hash = hashes.get(key) ?? hashOfData(data, dataFolder, plan);
    hashes.set(key, hash);
    return hash;
  };
  const byId = new Map(open.map((run) => [idOf(run), run]));
  const units = open.map((run) => ({
    id: idOf(run),
    weight: secondsLeft({ plan: planOf(run), run, recorded: [], resumable: 0 }),
    // Of folders each machine has its own.
    task: {
      kind: 'training',
      plan: planOf(run),
      run,
      checkpoints: '',
      dataFolder: null,
      dataHash: hashFor(run, planOf(run)),
    } satisfies TrainingJob,
  }));
  const { failures } = await runSweep(connection, units, {
    group,
    name: sweepName('trainings', [...new Set(runs.map(planOf))]),
    onRecord: (id, record) => {
      const run = byId.get(id)!;
      writeRecord(records, planOf(run), run, (record as TaskOutcome).result as TrainingPoint[]);
      say(`${id}: done`);
    },
    onEvent: ({ type, id, worker }) => {
      if (type !== 'progress') say(`${id}: ${type} by ${worker}`);
    },
    signal,
  }).catch((error: unknown) => {
    throw asRunError(error);
  });
  const reasons = failures.map(({ id, tries, reason }) => `${id}: tried ${tries} times: ${reason}`);
  if (reasons.length > 0) throw new UnitsFailedError(reasons.join('\n'));
}
