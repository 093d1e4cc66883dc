import type { Msg, Subscription } from '@nats-io/nats-core';
import type { ConnectionWatch } from './connection-watch.js';
import { partBytesOf, publish } from './connection-watch.js';
import type { Frame, Stream } from './frame.js';
import { HEADER_BYTES, readFrame, writeFrame } from './frame.js';
import type { Arrival } from './inbox.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';

/** Milliseconds from one sign of life to the next. */
const HEARTBEAT = 500;
/** Milliseconds without a server, or after its return without the other side, that are put up with. */
const AWAY = 8000;
/** Milliseconds after which a part that is still awaited is sent again. */
export const PATIENCE = 1000;

/** Settings of a {@link Link}. */
export interface LinkSettings {
  readonly watch: ConnectionWatch;
  /** The subject of the other side, and that of this one. */
  readonly to: string;
  readonly from: string;
  /** What all sessions of a host are told, and the number of the first part of it for this one. */
  readonly shared?: { readonly subject: string; readonly first: number };
  /** Bytes of a message from the other side. */
  readonly mostBytes: number;
  /** Parts on their way to the other side. */
  readonly window: number;
  /** Milliseconds without a sign of life after which the other side counts as gone. */
  readonly silence: number;
  /** Is given each message of the other side. What it throws ends the link. */
  readonly onMessage: (stream: Stream, message: Arrival) => void;
  /** Is told which shared part the other side awaits. */
  readonly onAwaited?: (next: number) => void;
  /** Is told once why there will be no more messages, and whether another link would come to the same end. */
  readonly onEnd: (reason: string, isFinal: boolean) => void;
}

/**
 * One end of what a host and a session say to each other: messages of any length in order, and signs of life. It ends when
 * the other side ends it, is not there any more, or is silent for too long, and when the server is away for too long.
 */
export class Link {
  private readonly outbox: Outbox<'other'>;
  private readonly inboxes: Record<Stream, Inbox>;
  private readonly subscriptions: Subscription[];
  private timer: ReturnType<typeof setInterval> | undefined;
  private lastTick = 0;
  /** Milliseconds without a word of the other side, and without a server. */
  private silentFor = 0;
  private awayFor = 0;
  /** After the return of a server the other side may take its time to return, too. */
  private mayBeAway = false;
  private numLosses: number;
  private hasEnded = false;

  /** Listens at once, but says nothing before `start`. */
  constructor(private readonly settings: LinkSettings) {
    const { watch, shared, mostBytes, window } = settings;
    const { connection } = watch;
    this.numLosses = watch.numLosses;
    const partBytes = partBytesOf(connection, HEADER_BYTES);
    const send = (number: number, left: number, bytes: Uint8Array): void =>
      this.publish({ kind: 'part', stream: 'private', number, left, bytes });
    this.outbox = new Outbox(
      { partBytes, window, patience: PATIENCE, now: () => performance.now() },
      send,
      (_, ...part) => send(...part),
    );
    this.outbox.join('other');
    this.inboxes = { private: new Inbox(0, mostBytes), shared: new Inbox(shared?.first ?? 0, mostBytes) };
    const callback = (error: Error | null, message: Msg): void => this.hear(error, message);
    const subjects = [settings.from, ...(shared == null ? [] : [shared.subject])];
    this.subscriptions = subjects.map((subject) => connection.subscribe(subject, { callback }));
    watch.onRefusal.add(this.refuse);
  }

  /** Begins to send signs of life, and to expect them. */
  start(): void {
    this.lastTick = performance.now();
    this.timer ??= setInterval(() => this.tick(), HEARTBEAT);
  }

  /** Sends a message, which must not change any more. */
  send(message: Uint8Array): void {
    if (!this.hasEnded) this.outbox.put(message);
  }

  /** Sends a frame, for which nobody waits if it gets lost. */
  publish(frame: Frame): void {
    if (this.hasEnded) return;
    const { watch, to, from } = this.settings;
    // Where nobody listens, the server itself answers to the subject of this side.
    const failure = publish(watch, to, writeFrame(frame), { reply: from });
    if (failure != null) this.end(failure);
  }

  /**
   * Ends the link; the other side is told why. Harmless when repeated.
   *
   * @param isFinal whether another link would come to the same end
   */
  end(reason: string, isFinal = false): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const { watch, to } = this.settings;
    publish(watch, to, writeFrame({ kind: 'end', reason: reason.slice(0, 2000), isFinal }));
    clearInterval(this.timer);
    watch.onRefusal.delete(this.refuse);
    for (const subscription of this.subscriptions) if (!subscription.isClosed()) subscription.unsubscribe();
    this.settings.onEnd(reason, isFinal);
  }

  private readonly refuse = (subject: string, message: string): void => {
    if (subject === this.settings.to) this.end(message);
  };

  private hear(error: Error | null, message: Msg): void {
    if (this.hasEnded) return;
    if (error != null) return this.end(error.message);
    this.noteLosses();
    if (message.headers?.code === 503) {
      if (!this.mayBeAway) this.end('nobody listens at the other end any more');
      return;
    }
    this.silentFor = 0;
    this.mayBeAway = false;
    try {
      this.read(readFrame(message.data));
    } catch (failure) {
      this.end((failure as Error).message, true);
    }
  }

  private read(frame: Frame): void {
    if (frame.kind === 'end') return this.end(frame.reason, frame.isFinal);
    if (frame.kind === 'state') {
      this.outbox.hear('other', frame.next.private);
      this.settings.onAwaited?.(frame.next.shared);
      return;
    }
    const arrival = this.inboxes[frame.stream].take(frame.number, frame.left, frame.bytes);
    this.acknowledge();
    if (arrival != null) this.settings.onMessage(frame.stream, arrival);
  }

  private acknowledge(): void {
    const { private: own, shared } = this.inboxes;
    this.publish({ kind: 'state', next: { private: own.awaited, shared: shared.awaited } });
  }

  private noteLosses(): void {
    const { numLosses } = this.settings.watch;
    if (numLosses === this.numLosses) return;
    this.numLosses = numLosses;
    this.mayBeAway = true;
    this.silentFor = 0;
  }

  /** Time counts only while this side is awake: one that slept has not heard of the other, either. */
  private tick(): void {
    const now = performance.now();
    const passed = Math.min(now - this.lastTick, HEARTBEAT);
    this.lastTick = now;
    const { watch, silence } = this.settings;
    if (watch.closure != null) return this.end(watch.closure);
    this.noteLosses();
    if (!watch.isUp) {
      this.awayFor += passed;
      if (this.awayFor > AWAY) this.end(`the NATS server has been away for ${AWAY / 1000} s`);
      return;
    }
    this.awayFor = 0;
    this.silentFor += passed;
    const most = this.mayBeAway ? Math.max(AWAY, silence) : silence;
    if (this.silentFor > most) return this.end(`no sign of life for ${most / 1000} s`);
    this.acknowledge();
  }
}
