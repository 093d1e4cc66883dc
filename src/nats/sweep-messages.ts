import { requireMessage } from './message-error.js';
import { decodeMessage, encodeMessage } from './codec.js';

/** A unit as it waits in the queue. */
export interface UnitMessage {
  readonly id: string;
  readonly task: unknown;
  /** After so many tries that came to nothing it is given up. */
  readonly tries: number;
}

/** What a unit came to. */
export type RecordMessage =
  | { readonly id: string; readonly worker: string; readonly value: unknown }
  | { readonly id: string; readonly worker: string; readonly reason: string; readonly tries: number };

/**
 * What a worker tells of a unit while it is at it. `failed` is one try, after which others follow; `returned` is a unit
 * that a worker gave back, which does not count as a try.
 */
export type SweepEvent = { readonly sweep: string; readonly id: string; readonly worker: string } & (
  | { readonly type: 'taken' | 'done' }
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'failed' | 'returned'; readonly reason: string }
);

/** The key of a unit: of 128 bits, the same for the same id and task alone. */
export async function unitKey(id: string, task: unknown): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encodeMessage({ id, task })));
  return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @throws MessageError for what is no unit */
export function readUnit(data: Uint8Array): UnitMessage {
  const message = read(data) as Partial<UnitMessage> | null;
  const { id, tries } = message ?? {};
  const isUnit =
    typeof id === 'string' && Number.isSafeInteger(tries) && message != null && 'task' in message;
  requireMessage(isUnit, 'a unit {id, task, tries}', 'something else');
  return message as UnitMessage;
}

/** A record; where it is none, a failure that says so. */
export function readRecord(data: Uint8Array): RecordMessage {
  try {
    const message = (read(data) ?? {}) as Partial<Record<string, unknown>>;
    const { id, worker, reason, tries } = message;
    const isNamed = typeof id === 'string' && typeof worker === 'string';
    const isEnd = 'value' in message || (typeof reason === 'string' && Number.isSafeInteger(tries));
    requireMessage(isNamed && isEnd, 'a record {id, worker, value} or {id, worker, reason, tries}', 'none');
    return message as unknown as RecordMessage;
  } catch (error) {
    return { id: '', worker: 'unknown', tries: 1, reason: (error as Error).message };
  }
}

/** The event of a message; null: it is none. */
export function readEvent(data: Uint8Array): SweepEvent | null {
  try {
    const event = read(data) as Partial<Record<string, unknown>>;
    const isNamed = [event.sweep, event.id, event.worker].every((name) => typeof name === 'string');
    const isFine = {
      taken: true,
      done: true,
      progress: typeof event.done === 'number' && typeof event.total === 'number',
      failed: typeof event.reason === 'string',
      returned: typeof event.reason === 'string',
    }[event.type as SweepEvent['type']];
    return isNamed && isFine === true ? (event as unknown as SweepEvent) : null;
  } catch {
    return null;
  }
}

function read(data: Uint8Array): unknown {
  const bytes = Uint8Array.from(data);
  return decodeMessage(bytes, bytes.length);
}
