import { requireArgument, requireThat } from '../errors.js';
import type { ModelReply, Reply, ShardGradient, ShardService } from './protocol.js';
import { PROTOCOL_VERSION } from './protocol.js';

/** No reply, and why. */
export interface Loss {
  readonly lost: unknown;
}

/** The line to a worker, which may go dead: whoever waits for a reply is then told that there will be none. */
export class Line {
  private readonly waiting = new Set<(loss: Loss) => void>();
  private loss: Loss | null = null;
  /** The end of the call before. */
  private turn: Promise<unknown> = Promise.resolve();

  /** Tells those who wait, and all who ask later. */
  readonly cut = (reason: unknown): void => {
    this.loss ??= { lost: reason };
    for (const tell of this.waiting) tell(this.loss);
    this.waiting.clear();
  };

  /**
   * The reply, or why there is none: the call fails, the line is cut, or it takes too long. One call is made after the
   * other, as a worker follows them, so that none is late for those before it.
   *
   * @param call asks; what it throws, too, means that there is no reply
   * @param timeout milliseconds after which none is waited for; null: no such time
   */
  reply<T>(call: () => Promise<Reply<T>>, timeout: number | null): Promise<Reply<T> | Loss> {
    const reply = this.turn.then(() => this.ask(call, timeout));
    this.turn = reply;
    return reply;
  }

  private ask<T>(call: () => Promise<Reply<T>>, timeout: number | null): Promise<Reply<T> | Loss> {
    return new Promise((resolve) => {
      if (this.loss != null) return resolve(this.loss);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = (answer: Reply<T> | Loss): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve(answer);
      };
      this.waiting.add(end);
      if (timeout != null) {
        const late = (): void => end({ lost: new Error(`no answer in ${timeout} ms`) });
        timer = setTimeout(late, timeout);
      }
      (async () => call())().then(end, (reason: unknown) => end({ lost: reason }));
    });
  }
}

/** Throws a CurvatureArgumentError that names the message unless `reply` is a reply. */
export function requireReply(reply: unknown, message: keyof ShardService): void {
  const where = whereOf(message);
  const { ok, isBlank, message: text } = (reply ?? {}) as Record<string, unknown>;
  const isFailure = ok === false && typeof isBlank === 'boolean' && typeof text === 'string';
  const isReply = ok === true || isFailure;
  requireArgument(isReply, where, 'a reply {ok: true, value} or {ok: false, isBlank, message}', reply);
}

/** What a value that answers a message has to be: throws a CurvatureArgumentError that names the message otherwise. */
export type ValueCheck = (value: unknown, where: string) => void;

/** Throws unless the value is what `check` asks for. */
export function requireValue(value: unknown, message: keyof ShardService, check: ValueCheck): void {
  check(value, whereOf(message));
}

export const isNothing: ValueCheck = (value, where) =>
  requireArgument(value === null, where, '{ok: true, value: null}', value);

/** A model of n parameters, from a worker of the version of this host. */
export function isModelOf(n: number): ValueCheck {
  return (value, where) => {
    const { version, size } = (value ?? {}) as Partial<ModelReply>;
    const theirs = typeof value === 'number' ? 'a worker of an older one' : `version ${String(version)}`;
    const isSame = version === PROTOCOL_VERSION;
    requireThat(isSame, where, `a worker of version ${PROTOCOL_VERSION} of the messages`, theirs);
    requireThat(size === n, where, `a model of ${n} parameters in each worker`, `one of ${String(size)}`);
  };
}

/** A list of vectors of n numbers. */
export function areVectors(count: number, n: number): ValueCheck {
  return (value, where) => {
    requireList(value, count, where);
    for (const vector of value) requireNumbers(vector, n, where);
  };
}

/** A list of losses with their gradients. */
export function areGradients(count: number, n: number): ValueCheck {
  return (value, where) => {
    requireList(value, count, where);
    for (const one of value) {
      const { loss, gradient } = (one ?? {}) as Partial<ShardGradient>;
      requireArgument(typeof loss === 'number', where, 'a loss and a gradient for each shard', one);
      requireNumbers(gradient, n, where);
    }
  };
}

/** A list of sizes. */
export function areSizes(count: number): ValueCheck {
  return (value, where) => {
    requireList(value, count, where);
    for (const size of value) {
      requireArgument(typeof size === 'number' && size >= 0, where, 'a number >= 0 for each shard', size);
    }
  };
}

function requireList(value: unknown, count: number, where: string): asserts value is readonly unknown[] {
  requireArgument(Array.isArray(value), where, `a list with an answer for each of ${count} shards`, value);
  const { length } = value as unknown[];
  requireThat(length === count, where, `an answer for each of ${count} shards`, `${length}`);
}

function requireNumbers(vector: unknown, n: number, where: string): void {
  // Also of another realm.
  const isVector = Object.prototype.toString.call(vector) === '[object Float32Array]';
  requireArgument(isVector, where, `a Float32Array of ${n} numbers`, vector);
  const { length } = vector as Float32Array;
  requireThat(length === n, where, `a Float32Array of ${n} numbers`, `one of ${length}`);
}

function whereOf(message: keyof ShardService): string {
  return `ShardWorker.service.${message}`;
}
