import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { messageOf } from '../errors.js';
import { encodeMessage } from './codec.js';
import { publish } from './connection-watch.js';
import type { JetStream } from './jetstream.js';
import { isSecond, persist } from './jetstream.js';
import { Listener } from './listener.js';
import { pause } from './pause.js';
import type { ServeSweepsOptions, UnitContext } from './sweep-types.js';
import { eventSubject, recordStream, recordSubject, UNIT_QUEUE, unitStream } from './subjects.js';
import type { RecordMessage, SweepEvent } from './sweep-messages.js';
import { readUnit, type UnitMessage } from './sweep-messages.js';
import { UnfitWorkerError } from './unfit-worker-error.js';

/** Milliseconds for which the server is asked to wait for a unit, at most; it takes no less than a second. */
const WAIT = 2000;
const LEAST_WAIT = 1000;
/** Milliseconds until a unit that failed is tried again. */
const REST = 500;
/** Milliseconds from one word of progress to the next. */
const PROGRESS = 500;

type Settings = Required<Omit<ServeSweepsOptions, 'onEvent'>> & Pick<ServeSweepsOptions, 'onEvent'>;

/** A unit that this worker has taken. */
interface Claim {
  readonly message: JsMsg;
  readonly sweep: string;
  readonly key: string;
}

/** An event, but for what all events of a unit say. */
type News = SweepEvent extends infer Event
  ? Event extends SweepEvent
    ? Omit<Event, 'sweep' | 'id' | 'worker'>
    : never
  : never;

/** The worker's side of sweeps. */
export class SweepWorker {
  busy = 0;
  readonly listener: Listener<SweepEvent>;
  private readonly stopping = new AbortController();
  private lastBusy = performance.now();

  constructor(
    private readonly stream: JetStream,
    private readonly run: (task: unknown, context: UnitContext) => unknown,
    private readonly settings: Settings,
  ) {
    this.listener = new Listener(settings.onEvent);
  }

  /** @throws the error of NATS where this worker may not take units */
  async check(): Promise<void> {
    const { manager, watch } = this.stream;
    await persist(watch, async () => {
      try {
        await manager.consumers.info(unitStream(this.settings.group), UNIT_QUEUE);
      } catch (error) {
        if (!isNotThereYet(error)) throw error;
      }
    });
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Takes units until it is stopped, or has had none for long. Units of a connection that is closed are not waited for. */
  async serve(): Promise<void> {
    const { watch } = this.stream;
    const closed = watch.connection.closed().then(() => {
      throw new Error(watch.closure!);
    });
    const slots = Array.from({ length: this.settings.parallel }, () => this.serveOne());
    try {
      await Promise.race([Promise.all(slots), closed]);
    } catch (error) {
      this.stop();
      if (watch.closure == null) await Promise.allSettled(slots);
      throw error;
    }
  }

  private async serveOne(): Promise<void> {
    const { idleMs } = this.settings;
    while (!this.stopping.signal.aborted) {
      const message = await this.untilStopped(this.take());
      if (message != null) {
        this.busy++;
        try {
          await this.untilStopped(this.follow(message));
        } finally {
          this.busy--;
          this.lastBusy = performance.now();
        }
      } else if (idleMs != null && this.busy === 0 && performance.now() - this.lastBusy >= idleMs) return;
    }
  }

  /** What `run` comes to; null: it has given up waiting for the server because the worker is to stop. */
  private async untilStopped<T>(run: Promise<T>): Promise<T | null> {
    const { signal } = this.stopping;
    return run.catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) return null;
      throw error;
    });
  }

  /** What the server answers, which is asked at least once, and until the worker is to stop. */
  private ask<T>(question: () => Promise<T>): Promise<T> {
    const { stream, stopping } = this;
    return question().catch(() => persist(stream.watch, question, stopping.signal));
  }

  /** The next unit; null: there is none, or nothing is known of any. */
  private async take(): Promise<JsMsg | null> {
    const { group, idleMs } = this.settings;
    const { client } = this.stream;
    const expires = Math.max(LEAST_WAIT, Math.min(WAIT, idleMs ?? WAIT));
    return this.ask(async () => {
      let queue: Consumer;
      try {
        queue = await client.consumers.get(unitStream(group), UNIT_QUEUE);
        return await queue.next({ expires });
      } catch (error) {
        if (!isNotThereYet(error)) {
          // Of a server that is away nobody knows whether it has units.
          this.lastBusy = performance.now();
          throw error;
        }
        await pause(LEAST_WAIT, this.stopping.signal);
        return null;
      }
    });
  }

  private async follow(message: JsMsg): Promise<void> {
    const [sweep, key] = message.subject.split('.').slice(-2) as [string, string];
    const claim = { message, sweep, key };
    // The time that a unit is this worker's without a word of it.
    const { manager } = this.stream;
    const { group } = this.settings;
    const { config } = await this.ask(() => manager.consumers.info(unitStream(group), UNIT_QUEUE));
    const renew = setInterval(() => message.working(), config.ack_wait! / 1e6 / 3);
    try {
      await this.settle(claim);
    } finally {
      clearInterval(renew);
    }
  }

  /** Brings a unit to its end, or back to the queue. */
  private async settle(claim: Claim): Promise<void> {
    const { message } = claim;
    // Its worker wrote the record and died, or was silent for so long that another took the unit.
    if (await this.hasRecord(claim)) return this.drop(claim);
    let unit: UnitMessage;
    try {
      unit = readUnit(message.data);
    } catch (error) {
      return this.giveUp(claim, { id: '', tries: 0 }, messageOf(error));
    }
    const { id, tries, task } = unit;
    const count = message.info.deliveryCount;
    if (count > tries) return this.giveUp(claim, unit, `${tries} workers took it and fell silent`);
    if (this.stopping.signal.aborted) return this.giveBack(claim, id, 'the worker is closing');
    const tell = (news: News): void => this.tell(claim, id, news);
    tell({ type: 'taken' });
    try {
      const value = (await this.run(task, this.contextOf(claim, id))) ?? null;
      await this.write(claim, 'done', { id, worker: this.settings.name, value });
      tell({ type: 'done' });
      await this.drop(claim);
    } catch (error) {
      if (error instanceof UnfitWorkerError) {
        await this.giveBack(claim, id, messageOf(error));
        throw error;
      }
      if (this.stream.watch.closure != null) throw error;
      if (this.stopping.signal.aborted) return this.giveBack(claim, id, 'the worker is closing');
      tell({ type: 'failed', reason: messageOf(error) });
      if (count >= tries) await this.giveUp(claim, unit, messageOf(error));
      else message.nak(REST);
    }
  }

  private contextOf(claim: Claim, id: string): UnitContext {
    let last = -Infinity;
    return {
      id,
      sweep: claim.sweep,
      signal: this.stopping.signal,
      onProgress: ({ done, total }) => {
        const now = performance.now();
        if (now - last < PROGRESS) return;
        last = now;
        this.tell(claim, id, { type: 'progress', done, total });
      },
    };
  }

  private async hasRecord({ sweep, key }: Claim): Promise<boolean> {
    const { group } = this.settings;
    const { manager } = this.stream;
    const query = { last_by_subj: recordSubject(group, sweep, key, 'done') };
    const record = await this.ask(() => manager.streams.getMessage(recordStream(group), query));
    return record != null;
  }

  /**
   * Writes a record, unless there is one: another worker that had the unit may have been first.
   *
   * @throws Error for one that is too long for a message
   */
  private async write({ sweep, key }: Claim, end: 'done' | 'failed', record: RecordMessage): Promise<void> {
    const { client, watch } = this.stream;
    const bytes = encodeMessage(record);
    const most = (watch.connection.info?.max_payload ?? Infinity) - 1024;
    if (bytes.length > most) {
      throw new Error(`expected a record of at most ${most} bytes, received one of ${bytes.length}`);
    }
    const subject = recordSubject(this.settings.group, sweep, key, end);
    // Not by the id of the message, which the server forgets after two minutes, and not when it forgets the record.
    const options = { expect: { lastSubjectSequence: 0 } };
    await this.ask(async () => {
      try {
        await client.publish(subject, bytes, options);
      } catch (error) {
        if (!isSecond(error)) throw error;
      }
    });
  }

  private async giveUp(
    claim: Claim,
    { id, tries }: Pick<UnitMessage, 'id' | 'tries'>,
    reason: string,
  ): Promise<void> {
    const { name } = this.settings;
    await this.write(claim, 'failed', { id, worker: name, tries, reason: reason.slice(0, 4000) });
    await this.drop(claim);
  }

  /** Puts a unit back as one that nobody has tried. Where that does not come through, its lease runs out. */
  private async giveBack(claim: Claim, id: string, reason: string): Promise<void> {
    const { message } = claim;
    const expect = { lastSubjectSequence: message.seq };
    try {
      await this.stream.client.publish(message.subject, message.data, { expect });
      await this.drop(claim);
      this.tell(claim, id, { type: 'returned', reason });
    } catch {
      return;
    }
  }

  /** Takes a unit out of the queue. If that gets lost, the next one who takes it finds its record. */
  private async drop({ message }: Claim): Promise<void> {
    await message.ackAck().catch(() => false);
  }

  private tell({ sweep }: Claim, id: string, news: News): void {
    const { group, name } = this.settings;
    const event = { ...news, sweep, id, worker: name } as SweepEvent;
    publish(this.stream.watch, eventSubject(group, sweep), encodeMessage(event));
    this.listener.tell(event);
  }
}

/** Whether no host has made the queue so far. */
function isNotThereYet(error: unknown): boolean {
  return ['StreamNotFoundError', 'ConsumerNotFoundError'].includes((error as Error).name);
}
