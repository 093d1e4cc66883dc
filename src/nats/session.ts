import { isListOf, messageOf } from '../errors.js';
import { requireMessage } from './message-error.js';
import type { Reply, ShardService, ShardWorker } from '../workers/index.js';
import { serviceNames } from '../workers/protocol.js';
import type { SharedMessage } from './broadcast.js';
import { decodeMessage, encodeMessage } from './codec.js';
import type { Arrival } from './inbox.js';
import type { SetLimits } from './limits.js';
import { SessionAccount } from './limits.js';
import type { LinkSettings } from './link.js';
import { Link } from './link.js';
import type { Stream } from './frame.js';

/** A host's call: an argument that is null at its end may stand for a vector that all were told. */
export interface Call {
  readonly id: number;
  readonly name: keyof ShardService;
  readonly args: readonly unknown[];
  /** The number of the vector to append to the arguments; null: none. */
  readonly shared: number | null;
}

/** The answer to the call of that number. */
export interface Answer {
  readonly id: number;
  readonly reply: Reply<unknown>;
}

/** Bytes that a call or vector which waits takes up beside those of its message. */
const EXTRA_BYTES = 1024;

/** Parts of an answer on their way: a host gathers those of all of its sessions on one connection. */
const WINDOW = 2;

/** The worker's end of a session: follows the calls of one host, one after the other, with a worker of its own. */
export class Session {
  private readonly link: Link;
  private readonly account: SessionAccount;
  /** Vectors that all were told, and the calls that wait for one. */
  private readonly vectors = new Map<number, { readonly values: Float32Array; readonly bytes: number }>();
  /** Bytes of these vectors, and of the calls that are not followed yet. */
  private waiting = 0;
  private wake: () => void = () => {};
  private turn: Promise<void> = Promise.resolve();
  private hasEnded = false;
  /** Fulfilled with the reason when the session has ended and its worker is gone. */
  readonly ended: Promise<string>;

  constructor(
    link: Pick<LinkSettings, 'watch' | 'to' | 'from' | 'shared' | 'silence'>,
    private readonly worker: ShardWorker,
    private readonly limits: SetLimits,
  ) {
    this.account = new SessionAccount(limits);
    let end!: (reason: string) => void;
    const reason = new Promise<string>((resolve) => (end = resolve));
    this.ended = reason.then(async (why) => {
      this.hasEnded = true;
      this.wake();
      this.vectors.clear();
      await worker.terminate().catch(() => {});
      return why;
    });
    this.link = new Link({
      ...link,
      mostBytes: limits.messageBytes,
      window: WINDOW,
      onMessage: (stream, arrival) => this.hear(stream, arrival),
      onEnd: end,
    });
    const lose = (why: unknown): void =>
      this.link.end(`what computes for it has ended: ${messageOf(why)}`, true);
    worker.lost?.then(lose, lose);
    this.link.start();
  }

  /** Ends the session after the call under way. */
  async close(reason: string): Promise<void> {
    const turn = this.turn;
    this.turn = new Promise(() => {});
    await Promise.race([turn, this.ended]);
    this.link.end(reason);
    await this.ended;
  }

  private hear(stream: Stream, { bytes, number }: Arrival): void {
    const most = this.limits.sessionBytes;
    const size = bytes.length + EXTRA_BYTES;
    if (stream === 'shared') {
      const { floor, values } = decodeMessage(bytes, this.limits.jsonBytes) as SharedMessage;
      const isVector = Number.isSafeInteger(floor) && values instanceof Float32Array;
      requireMessage(isVector, 'a vector for all', 'something else');
      // The oldest come first.
      for (const [old, vector] of this.vectors) {
        if (old >= floor) break;
        this.vectors.delete(old);
        this.waiting -= vector.bytes;
      }
      requireMessage(this.waiting <= most, `at most ${most} bytes that wait`, `${this.waiting}`);
      this.vectors.set(number, { values, bytes: size });
      this.waiting += size;
      this.wake();
      return;
    }
    const call = decodeMessage(bytes, this.limits.jsonBytes);
    requireCall(call);
    requireMessage(this.waiting <= most, `at most ${most} bytes that wait`, `${this.waiting}`);
    this.waiting += size;
    this.turn = this.turn
      .then(() => this.follow(call, bytes.length))
      .then(() => {
        this.waiting -= size;
      });
  }

  private async follow(call: Call, bytes: number): Promise<void> {
    if (this.hasEnded) return;
    const { id, name, shared } = call;
    try {
      this.account.note(name, call.args, bytes);
    } catch (error) {
      return this.answer({ id, reply: { ok: false, isBlank: false, message: messageOf(error) } });
    }
    try {
      const args = shared == null ? call.args : [...call.args, await this.vector(shared)];
      const run = this.worker.service[name] as ((...args: unknown[]) => Promise<Reply<unknown>>) | undefined;
      requireMessage(run != null, `a worker with ${name}`, 'one without');
      const reply = await run(...args);
      if (name === 'loadModel' && reply?.ok) this.account.noteModel(bytes);
      this.answer({ id, reply });
    } catch (error) {
      this.link.end(`what computes for it has ended: ${messageOf(error)}`, true);
    }
  }

  private answer(answer: Answer): void {
    this.link.send(encodeMessage(answer));
  }

  /** The vector of a number, which may be on its way. */
  private async vector(number: number): Promise<Float32Array> {
    for (;;) {
      const vector = this.vectors.get(number);
      if (vector != null) return vector.values;
      if (this.hasEnded) throw new Error('the session has ended');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

function requireCall(call: unknown): asserts call is Call {
  const { id, name, args, shared } = (call ?? {}) as Partial<Call>;
  const isNumber = (x: unknown): boolean => Number.isSafeInteger(x);
  const isCall = isNumber(id) && isListOf(args, () => true) && (shared === null || isNumber(shared));
  requireMessage(isCall, 'a call {id, name, args, shared}', 'something else');
  const isKnown = serviceNames.includes(name!);
  requireMessage(isKnown, `a call of ${serviceNames.join(', ')}`, String(name));
}
