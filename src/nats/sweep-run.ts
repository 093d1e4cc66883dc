import type { MsgRequest, StoredMsg } from '@nats-io/jetstream';
import { requireThat } from '../errors.js';
import { encodeMessage } from './codec.js';
import type { JetStream } from './jetstream.js';
import { isSecond, persist } from './jetstream.js';
import { Listener } from './listener.js';
import { pause } from './pause.js';
import type { SweepFailure, SweepOptions, SweepResult, SweepUnit } from './sweep-types.js';
import { eventSubject, recordStream, recordSubject, unitStream, unitSubject } from './subjects.js';
import { readEvent, readRecord, type SweepEvent, unitKey, type UnitMessage } from './sweep-messages.js';
import { listSubjects, makeStreams } from './sweep-streams.js';

/** Milliseconds from one look for a record that finds none to the next. */
const POLL = 200;
/** Milliseconds from one look at whether each unit is where it should be to the next. */
const REVIEW = 30_000;

type Settings = Required<Pick<SweepOptions, 'group' | 'name' | 'tries' | 'leaseMs'>> &
  Pick<SweepOptions, 'onRecord' | 'onProgress' | 'onEvent' | 'signal'>;

interface OpenUnit {
  readonly id: string;
  readonly message: Uint8Array;
}

/**
 * The host's side of a sweep. A unit is waiting in the queue or at a worker, or it has a record: one that is neither, as at
 * the start, is put into the queue. So a host that is started again, and a server that lost its streams, are nothing special.
 */
export class SweepRun {
  /** Units without an end, by their keys, in the order in which they are to be taken. */
  private readonly open = new Map<string, OpenUnit>();
  private readonly records = new Map<string, unknown>();
  private readonly failures = new Map<string, SweepFailure>();
  private total = 0;
  /** The message of the stream of records to look at next. */
  private next = 1;
  private readonly listener: Listener<SweepEvent>;

  constructor(
    private readonly stream: JetStream,
    private readonly settings: Settings,
  ) {
    this.listener = new Listener(settings.onEvent);
  }

  async run(units: readonly SweepUnit[]): Promise<SweepResult> {
    const { group, name } = this.settings;
    const { connection } = this.stream.watch;
    await this.encode(units);
    const callback = (_: Error | null, { data }: { data: Uint8Array }): void => {
      const event = readEvent(data);
      // What a callback throws would end the reading of the connection.
      if (event != null) this.listener.tell(event);
    };
    const events = connection.subscribe(eventSubject(group, name), { callback });
    try {
      await this.follow();
      events.unsubscribe();
      this.listener.rethrow();
      await this.purge(recordStream(group), recordSubject(group, name, '*', '*'));
    } finally {
      if (!events.isClosed()) events.unsubscribe();
      await this.withdraw();
    }
    const ids = units.map(({ id }) => id);
    return {
      records: new Map(ids.filter((id) => this.records.has(id)).map((id) => [id, this.records.get(id)])),
      failures: ids.flatMap((id) => this.failures.get(id) ?? []),
    };
  }

  /** @throws CurvatureArgumentError for a task that is too long for a message */
  private async encode(units: readonly SweepUnit[]): Promise<void> {
    const { tries } = this.settings;
    const most = this.stream.watch.connection.info?.max_payload ?? Infinity;
    const longestFirst = [...units].sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0));
    for (const { id, task = null } of longestFirst) {
      const message = encodeMessage({ id, task, tries } satisfies UnitMessage);
      const { length } = message;
      // Beside the message there are headers.
      requireThat(
        length + 1024 <= most,
        'runSweep',
        `tasks of at most ${most - 1024} bytes`,
        `${length} for '${id}'`,
      );
      this.open.set(await unitKey(id, task), { id, message });
    }
    this.total = this.open.size;
  }

  private async follow(): Promise<void> {
    const { group, name, leaseMs, signal } = this.settings;
    const { watch } = this.stream;
    await makeStreams(this.stream, group, leaseMs, signal);
    // What failed before is tried again.
    await this.purge(recordStream(group), recordSubject(group, name, '*', 'failed'));
    let [reviewed, losses] = [-Infinity, watch.numLosses];
    while (this.open.size > 0) {
      this.listener.rethrow();
      if (performance.now() - reviewed > REVIEW || losses !== watch.numLosses) {
        [reviewed, losses] = [performance.now(), watch.numLosses];
        await this.review();
        continue;
      }
      // What the server takes and the type of the client leaves out: the first from a number on.
      const query = { seq: this.next, next_by_subj: recordSubject(group, name, '*', '*') };
      const record = await this.message(query as MsgRequest);
      if (record == null) await pause(POLL, signal);
      else {
        this.next = record.seq + 1;
        this.take(record);
      }
    }
  }

  /** Puts each unit into the queue that neither waits there nor has a record. */
  private async review(): Promise<void> {
    const { group, name, leaseMs, signal } = this.settings;
    const { client, watch } = this.stream;
    await makeStreams(this.stream, group, leaseMs, signal);
    // A unit leaves the queue after its record was written, so this is the order to look in.
    const waiting = await listSubjects(this.stream, unitStream(group), unitSubject(group, name, '*'), signal);
    const pattern = recordSubject(group, name, '*', '*');
    const { subjects, last } = await listSubjects(this.stream, recordStream(group), pattern, signal);
    this.next = last + 1;
    for (const [key, { message }] of [...this.open]) {
      const ends = (['done', 'failed'] as const).map((end) => recordSubject(group, name, key, end));
      const recorded = ends.find((subject) => subjects.has(subject));
      if (recorded != null) {
        const record = await this.message({ last_by_subj: recorded });
        if (record != null) this.take(record);
      } else if (!waiting.subjects.has(unitSubject(group, name, key))) {
        const put = async (): Promise<void> => {
          try {
            await client.publish(unitSubject(group, name, key), message, {
              expect: { lastSubjectSequence: 0 },
            });
          } catch (error) {
            // It arrived, but its acknowledgement got lost.
            if (!isSecond(error)) throw error;
          }
        };
        await persist(watch, put, signal);
      }
    }
  }

  private async message(query: MsgRequest): Promise<StoredMsg | null> {
    const { manager, watch } = this.stream;
    const stream = recordStream(this.settings.group);
    return persist(watch, () => manager.streams.getMessage(stream, query), this.settings.signal);
  }

  /** Takes a record, unless its unit has one. */
  private take({ subject, data }: StoredMsg): void {
    const key = subject.split('.').at(-2)!;
    const unit = this.open.get(key);
    if (unit == null) return;
    const { id } = unit;
    const record = readRecord(data);
    if ('value' in record) {
      this.settings.onRecord?.(id, record.value);
      this.records.set(id, record.value);
    } else {
      const { worker, reason, tries } = record;
      this.failures.set(id, { id, tries, worker, reason });
    }
    this.open.delete(key);
    this.settings.onProgress?.({ done: this.total - this.open.size, total: this.total });
  }

  private async purge(stream: string, filter: string): Promise<void> {
    const { manager, watch } = this.stream;
    await persist(watch, () => manager.streams.purge(stream, { filter }), this.settings.signal);
  }

  /** Takes what still waits out of the queue, if the server is there. */
  private async withdraw(): Promise<void> {
    const { group, name } = this.settings;
    const filter = unitSubject(group, name, '*');
    await this.stream.manager.streams.purge(unitStream(group), { filter }).catch(() => {});
  }
}
