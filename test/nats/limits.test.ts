import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { natsWorkers } from '../../src/nats/index.js';
import { HEADER_BYTES, writeFrame } from '../../src/nats/frame.js';
import type { ModelMessage, ShardMessage, ShardWorker } from '../../src/workers/index.js';
import { localWorker } from '../workers/local-worker.js';
import { isLeftOut } from './nats-server.js';
import type { Rig } from './rig.js';
import { logOf, openRig, until } from './rig.js';

let rig: Rig;

beforeAll(async () => {
  if (!isLeftOut) rig = await openRig();
});
afterEach(() => rig?.endTest());
afterAll(() => rig?.dispose());

/** A worker that answers with what it was sent. */
function echo(): ShardWorker {
  const service = {
    ...localWorker().service,
    product: async (_: readonly number[], v: Float32Array) => ({ ok: true as const, value: [v] }),
    gradient: async (ids: readonly number[]) => ({ ok: true as const, value: ids as never }),
  };
  return { service, terminate: () => Promise.resolve() };
}

async function take(): Promise<ShardWorker> {
  const [worker] = await natsWorkers(rig.host);
  rig.atEnd(() => worker!.terminate());
  return worker!;
}

const PART = 512 * 1024;

describe.skipIf(isLeftOut)('messages of any length', { timeout: 60_000 }, () => {
  /** Floats that fill the first part of v's message to the last byte. */
  const exact = (PART - 8 - '[{"floor":0,"values":null},[[["values"],"Float32Array",131056]]]'.length) / 4;

  it.each([0, 1, Math.floor(exact), Math.floor(exact) + 1, 2 * Math.floor(exact), 10_000_000])(
    'arrive whole: %i floats',
    async (length) => {
      await rig.serve('w1', {}, echo);
      const worker = await take();
      const v = new Float32Array(length);
      for (let i = 0; i < length; i++) v[i] = Math.fround(i * 1.1);
      const reply = await worker.service.product([0], v);
      expect(reply.ok).toBe(true);
      const [got] = reply.ok ? reply.value : [];
      expect(got!.length).toBe(length);
      expect(got!.every((x, i) => x === v[i])).toBe(true);
    },
  );

  it('also what is no vector, and what fills its parts to the last byte', async () => {
    await rig.serve('w1', {}, echo);
    const worker = await take();
    for (const length of [0, PART / 2, PART]) {
      const ids = 'x'.repeat(length);
      expect(await worker.service.gradient(ids as never)).toEqual({ ok: true, value: ids });
    }
  });
});

describe.skipIf(isLeftOut)('limits', { timeout: 60_000 }, () => {
  it('a message over the limit is an error, and the worker stays', async () => {
    await rig.serve('w1', { messageBytes: 1024 });
    const workers = await natsWorkers(rig.host);
    rig.atEnd(() => workers[0]!.terminate());
    const long = new Float32Array(1000);
    for (const reply of [
      await workers[0]!.service.product([0], long),
      await workers[0]!.service.loadShard({ id: 0, xs: [long] } as never),
    ]) {
      expect(reply).toMatchObject({ ok: false, isBlank: false });
      expect(reply.ok || reply.message).toMatch(
        /at most 1024 bytes, which the worker allows, received one of/,
      );
    }
    await expect(rig.load(workers)).rejects.toThrow(/a worker answered: .* at most 1024 bytes/);
  });

  it('a model that asks for more than is allowed is refused before it is built', async () => {
    const { made } = await rig.serve('w1', {
      parameters: 40,
      sessionBytes: 10_000,
      shards: 2,
      jsonBytes: 4000,
    });
    const worker = await take();
    const pack = (length: number) => ({
      shape: [length],
      dtype: 'float32' as const,
      values: new Float32Array(length),
    });
    const message = (weights: number[], topology: object = {}): ModelMessage => ({
      version: 2,
      topology,
      weights: weights.map(pack),
      losses: ['meanSquaredError'],
      batchSize: 4,
      training: false,
    });
    const answer = async (run: Promise<{ ok: boolean; message?: string }>): Promise<string> => {
      const reply = await run;
      return reply.ok ? 'ok' : reply.message!;
    };
    const { service } = worker;
    expect(await answer(service.loadModel(message([41])))).toBe(
      'serveShards: expected a model of at most 40 parameters, received one of 41',
    );
    expect(logOf(made[0])).toEqual([]);
    // The dense layer of a few bytes that asks for a billion numbers.
    const config = { name: 'd', units: 1e9, batchInputShape: [null, 5] };
    const topology = { className: 'Sequential', config: { layers: [{ className: 'Dense', config }] } };
    expect(await answer(service.loadModel(message([10], topology)))).toContain(
      'as many weights as were sent',
    );
    const shard = (id: number, length: number): ShardMessage => ({
      id,
      xs: [pack(length)],
      ys: [],
      sampleWeight: null,
      weight: 1,
    });
    expect(await answer(service.loadShard(shard(0, 2500)))).toMatch(
      /at most 10000 bytes of model and shards/,
    );
    await service.loadShard(shard(1, 1));
    await service.loadShard(shard(2, 1));
    expect(await answer(service.loadShard(shard(3, 1)))).toMatch(/at most 2 shards/);
    await service.dropShard([1]);
    expect(await answer(service.loadShard(shard(3, 1)))).not.toMatch(/at most 2 shards/);
    // Too much JSON ends the session: it was not even read.
    const wordy = answer(service.loadModel(message([1], { text: 'x'.repeat(5000) })));
    await expect(wordy).rejects.toThrow(/w1 is gone: expected at most 4000 bytes of JSON/);
  });

  it('what is no message ends the session that it comes to, and no other', async () => {
    const { events } = await rig.serve('w1', { sessions: 2, messageBytes: 1e6 });
    const hessian = await rig.load(await natsWorkers(rig.host, { max: 1 }));
    const garbage = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 60 }), { numRuns: 20, seed: 5 });
    const tooLong = {
      kind: 'part',
      stream: 'private',
      number: 0,
      left: 2e6,
      bytes: new Uint8Array(9),
    } as const;
    const noCall = { ...tooLong, left: 9 };
    const intruder = await rig.server.connect();
    for (const bytes of [
      ...garbage,
      writeFrame(tooLong),
      writeFrame(noCall),
      new Uint8Array(HEADER_BYTES).fill(7),
    ]) {
      const known = events.length;
      const [worker] = await natsWorkers(rig.host);
      const { session } = events[known]!;
      const subjects: string[] = [];
      const note = (_: Error | null, { subject }: { subject: string }): void => void subjects.push(subject);
      const listener = intruder.subscribe('curvature.workers.worker.>', { callback: note });
      const find = (): string | undefined => subjects.find((name) => name.endsWith(`.session.${session}`));
      await until(() => find() != null);
      const subject = find()!;
      intruder.publish(subject, new Uint8Array(bytes));
      // Bytes that happen to be a state or an end are taken for one.
      await intruder.flush();
      await worker!.terminate();
      await until(() => events.length >= known + 2);
      listener.unsubscribe();
    }
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
    await intruder.close();
  });
});
