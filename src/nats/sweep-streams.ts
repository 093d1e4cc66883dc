import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import type { JetStream } from './jetstream.js';
import { persist } from './jetstream.js';
import { recordStream, recordSubject, UNIT_QUEUE, unitStream, unitSubject } from './subjects.js';

const SECOND = 1e9;
/** Nanoseconds for which records are kept that no host has fetched. */
const KEPT = 7 * 24 * 3600 * SECOND;

/**
 * Makes the streams of a group and the queue of its units where they are missing; those that are there stay as they are, so
 * that they can be made with replicas beforehand. The lease of the queue is set.
 */
export async function makeStreams(
  { manager, watch }: JetStream,
  group: string,
  leaseMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const streams: (Partial<StreamConfig> & { name: string })[] = [
    // What is acknowledged is gone.
    { name: unitStream(group), subjects: [unitSubject(group, '*', '*')], retention: 'workqueue' },
    {
      name: recordStream(group),
      subjects: [recordSubject(group, '*', '*', '*')],
      retention: 'limits',
      max_age: KEPT,
    },
  ];
  for (const stream of streams) {
    const isThere = async (): Promise<boolean> => {
      try {
        await manager.streams.info(stream.name);
        return true;
      } catch (error) {
        if ((error as Error).name === 'StreamNotFoundError') return false;
        throw error;
      }
    };
    const make = async (): Promise<unknown> =>
      (await isThere()) || manager.streams.add({ ...stream, storage: 'file' });
    await persist(watch, make, signal);
  }
  const queue: Partial<ConsumerConfig> = {
    durable_name: UNIT_QUEUE,
    ack_policy: 'explicit',
    ack_wait: Math.round((leaseMs / 1000) * SECOND),
    // How often a unit is tried is counted by the workers, who can say why it failed.
    max_deliver: -1,
    max_ack_pending: -1,
  };
  await persist(watch, () => manager.consumers.add(unitStream(group), queue), signal);
}

/** The subjects of a stream that match a pattern and hold a message, and the number of the last message. */
export async function listSubjects(
  { manager, watch }: JetStream,
  stream: string,
  pattern: string,
  signal?: AbortSignal,
): Promise<{ readonly subjects: ReadonlySet<string>; readonly last: number }> {
  const { state } = await persist(
    watch,
    () => manager.streams.info(stream, { subjects_filter: pattern }),
    signal,
  );
  return { subjects: new Set(Object.keys(state.subjects ?? {})), last: state.last_seq };
}
