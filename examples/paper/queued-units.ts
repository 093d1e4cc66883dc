import type { NatsConnection } from '@nats-io/nats-core';
import { runSweep } from '../../src/nats/index.js';
import type { Unit } from './finding.js';
import type { UnitJob } from './job.js';
import type { PlannedRun } from './planned-run.js';
import { hashOfData } from './prepared-data.js';
import { asRunError, sweepName } from './queue-connection.js';
import { RunError } from './run-error.js';
import { fingerprintOf } from './settings.js';
import { STOPPED } from './unit-pool.js';
import type { UnitRunner, UnitSink } from './unit-runner.js';
import type { TaskOutcome } from './unit-service.js';

/**
 * Runs units on the workers of a queue. What a unit needs is prepared by each machine that runs one, so a unit travels as
 * a few lines of settings. Of folders each machine has its own.
 */
export class QueuedUnits implements UnitRunner {
  private readonly stopping = new AbortController();

  constructor(
    private readonly connection: NatsConnection,
    private readonly group: string,
  ) {}

  async run(planned: PlannedRun, units: readonly Unit<unknown>[], sink: UnitSink): Promise<void> {
    sink.plan(units);
    if (units.length === 0) return;
    const { settings, plan } = planned;
    const dataHash = hashOfData(settings.data, settings.dataFolder, plan);
    const byId = new Map(units.map((unit) => [unit.id, unit]));
    const queued = units.map(({ id, seed, weight }) => ({
      id,
      weight,
      // Nothing that another run may have otherwise and come to the same.
      task: {
        kind: 'unit',
        planned: { settings: { ...settings, seeds: seed, dataFolder: null, out: '' }, plan, dataHash },
        id,
      } satisfies UnitJob,
    }));
    try {
      const { failures } = await runSweep(this.connection, queued, {
        group: this.group,
        name: sweepName(settings.finding, [fingerprintOf(settings, plan), dataHash]),
        onRecord: (id, record) => sink.record(byId.get(id)!, record as TaskOutcome),
        onEvent: (event) => {
          const unit = byId.get(event.id);
          if (unit != null && event.type === 'progress') sink.progress(unit, event.done / event.total);
          if (event.type === 'returned')
            console.error(`\n${event.worker} gives "${event.id}" back: ${event.reason}`);
        },
        signal: this.stopping.signal,
      });
      for (const { id, tries, worker, reason } of failures) {
        sink.fail(byId.get(id)!, new RunError(`tried ${tries} times, last by ${worker}: ${reason}`));
      }
    } catch (error) {
      if (this.stopping.signal.aborted) throw new RunError(STOPPED);
      throw asRunError(error);
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
  }
}
