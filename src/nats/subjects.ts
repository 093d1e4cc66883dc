import type { Check } from '../options.js';
import { check } from '../options.js';

/** What a part of a subject may be. */
const token = /^[A-Za-z0-9_-]{1,64}$/;

/** The name of a group or a worker: a part of a subject. */
export const subjectToken: Check<string> = check('{name} of letters, digits, - and _, at most 64', isToken);

/** Whether a value can stand between two dots of a subject. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && token.test(value);
}

/** A name that nobody else has: 132 random bits. */
export function uniqueToken(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return Array.from(crypto.getRandomValues(new Uint8Array(22)), (byte) => letters[byte % 64]).join('');
}

/** What the workers of a group are called as a service of NATS, which `nats micro list` shows. */
export function serviceName(group: string): string {
  return `curvature-${group}`;
}

/** Where a worker is asked to open a session. Permissions: `curvature.<group>.worker.<worker>.>` is the worker's to read. */
export function openSubject(group: string, worker: string, instance: string): string {
  return `curvature.${group}.worker.${worker}.${instance}.open`;
}

/** From the host to a session. */
export function sessionSubject(group: string, worker: string, instance: string, session: string): string {
  return `curvature.${group}.worker.${worker}.${instance}.session.${session}`;
}

/** From a session to its host. Permissions: `curvature.<group>.host.*.<worker>` is the worker's to write. */
export function hostSubject(group: string, worker: string, session: string): string {
  return `curvature.${group}.host.${session}.${worker}`;
}

/** From a host to all of its sessions. Permissions: `curvature.<group>.shared.*` is the workers' to read. */
export function sharedSubject(group: string, host: string): string {
  return `curvature.${group}.shared.${host}`;
}

/** The stream of the units that wait in a group, and the name of their queue: all workers of the group take from one. */
export function unitStream(group: string): string {
  return `curvature-${group}-units`;
}

/** What the workers of a group are called together as a consumer of {@link unitStream}. */
export const UNIT_QUEUE = 'workers';

/** The stream of what units came to in a group. */
export function recordStream(group: string): string {
  return `curvature-${group}-records`;
}

/** Where a unit of a sweep waits. `*` or `>` instead of a sweep or a key: all. */
export function unitSubject(group: string, sweep: string, key: string): string {
  return `curvature.${group}.unit.${sweep}.${key}`;
}

/** Where it is recorded what a unit came to: at most one message each. Permissions: `curvature.<group>.record.>` is the workers' to write. */
export function recordSubject(
  group: string,
  sweep: string,
  key: string,
  end: 'done' | 'failed' | '*',
): string {
  return `curvature.${group}.record.${sweep}.${key}.${end}`;
}

/** What workers tell of the units they are at. */
export function eventSubject(group: string, sweep: string): string {
  return `curvature.${group}.event.${sweep}`;
}
