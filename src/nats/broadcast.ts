import type { ConnectionWatch } from './connection-watch.js';
import { partBytesOf, publish } from './connection-watch.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { HEADER_BYTES, writeFrame } from './frame.js';
import type { Link } from './link.js';
import { PATIENCE } from './link.js';
import { Outbox } from './outbox.js';
import { sameNumbers } from './same-numbers.js';

/** Parts on their way to all. */
const WINDOW = 4;

/** What all sessions are told, as it is encoded. */
export interface SharedMessage {
  /** Messages with a lower number are not needed any more. */
  readonly floor: number;
  readonly values: Float32Array;
}

/** A vector that a session has been told, by its number. */
export interface Told {
  readonly number: number;
  /** Lets sessions forget it, when no one else needs it. */
  release(): void;
}

/**
 * The vectors that a host tells all of its sessions: each is published once, however many are to have it. Those to whom a
 * part gets lost are sent it alone.
 */
export class Broadcast {
  private readonly outbox: Outbox<Link>;
  /** The number from which on each session has been told. */
  private readonly since = new Map<Link, number>();
  /** How many calls need each message. */
  private readonly uses = new Map<number, number>();
  private last: { readonly number: number; readonly values: Float32Array } | null = null;

  /** @param subject of all sessions */
  constructor(watch: ConnectionWatch, subject: string) {
    const { connection } = watch;
    const partBytes = partBytesOf(connection, HEADER_BYTES);
    this.outbox = new Outbox<Link>(
      { partBytes, window: WINDOW, patience: PATIENCE, now: () => performance.now() },
      // Sessions notice by themselves that a connection is gone.
      (number, left, bytes) =>
        void publish(watch, subject, writeFrame({ kind: 'part', stream: 'shared', number, left, bytes })),
      (link, number, left, bytes) => link.publish({ kind: 'part', stream: 'shared', number, left, bytes }),
    );
  }

  /** The number of the first part that a session hears that joins now. */
  get end(): number {
    return this.outbox.end;
  }

  /** Takes in a session, which is told what comes from now on. */
  join(link: Link): void {
    this.outbox.join(link);
    this.since.set(link, this.end);
  }

  /** Nobody waits for a session any more. */
  leave(link: Link): void {
    this.outbox.leave(link);
    this.since.delete(link);
  }

  /** A session awaits a part. */
  hear(link: Link, next: number): void {
    this.outbox.hear(link, next);
  }

  /** Tells all, unless this very vector was told last and the session has heard it. It is copied. */
  tell(link: Link, values: Float32Array): Told {
    const hasHeard = this.last != null && this.last.number >= (this.since.get(link) ?? Infinity);
    if (!hasHeard || !sameNumbers(this.last!.values, values)) this.publish(values);
    const { number } = this.last!;
    this.uses.set(number, (this.uses.get(number) ?? 0) + 1);
    let isNeeded = true;
    const release = (): void => {
      if (!isNeeded) return;
      isNeeded = false;
      const left = this.uses.get(number)! - 1;
      if (left === 0) this.uses.delete(number);
      else this.uses.set(number, left);
    };
    return { number, release };
  }

  private publish(vector: Float32Array): void {
    const number = this.outbox.end;
    const floor = Math.min(number, ...this.uses.keys());
    const message = encodeMessage({ floor, values: vector } satisfies SharedMessage);
    // The copy that goes out is also the one to compare with.
    const { values } = decodeMessage(message, message.length) as SharedMessage;
    this.last = { number, values };
    this.outbox.put(message);
  }
}
