import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { natsWorkers } from '../../src/nats/index.js';
import { encodeMessage } from '../../src/nats/codec.js';
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

  it('hold for shards of a model that is there, whatever else a host sends', async () => {
    const { made } = await rig.serve('w1', { sessionBytes: 20_000, shards: 2 });
    const { service } = await take();
    const weight = (shape: number[]) => ({
      shape,
      dtype: 'float32' as const,
      values: new Float32Array(shape.reduce((product, length) => product * length, 1)),
    });
    const config = { name: 'd', units: 1, useBias: false, batchInputShape: [null, 1] };
    const topology = { className: 'Sequential', config: { layers: [{ className: 'Dense', config }] } };
    const weights = [weight([1, 1])];
    const losses = ['meanSquaredError'];
    const model = { version: 2, topology, weights, losses, batchSize: 4, training: false };
    const shard = (id: number, rows: number): ShardMessage => {
      return { id, xs: [weight([rows, 1])], ys: [weight([rows, 1])], sampleWeight: null, weight: 1 };
    };
    const held = new Set<number>();
    const load = async (id: number, rows: number): Promise<string> => {
      const reply = await service.loadShard(shard(id, rows));
      if (reply.ok) held.add(id);
      return reply.ok ? 'ok' : reply.message;
    };
    expect(await service.loadModel(model)).toMatchObject({ ok: true });
    // 8 bytes a row: two of 1000 fit 20 000 bytes, a third does not.
    expect(await load(0, 1000)).toBe('ok');
    for (let id = 1; id < 5; id++) {
      expect(await service.loadModel({ ...model, version: 99 })).toMatchObject({ ok: false });
      await load(id, 900);
      // Its number once more, with next to nothing.
      expect(await load(id, 1)).not.toBe('ok');
    }
    expect([...held]).toEqual([0, 1]);
    expect(await load(7, 1)).toMatch(/at most 2 shards/);
    await service.dropShard([0]);
    expect(await load(8, 1600)).toMatch(/at most 20000 bytes of model and shards/);
    // A model that is built takes the place of all.
    expect(await service.loadModel(model)).toMatchObject({ ok: true });
    expect(await load(9, 2000)).toBe('ok');
    expect(logOf(made[0]).length).toBeGreaterThan(0);
  });

  it.each([
    ['vectors that are never to be forgotten', 'shared', { floor: 0, values: new Float32Array(1000) }],
    [
      'calls behind one whose vector never comes',
      'private',
      { id: 0, name: 'product', args: [[0]], shared: 1e6 },
    ],
  ] as const)('end a session of %s', async (_, stream, message) => {
    const { server, events } = await rig.serve('w1', { sessionBytes: 100_000 });
    const [worker] = await natsWorkers(rig.host);
    const intruder = await rig.server.connect();
    const subjects: string[] = [];
    intruder.subscribe('curvature.workers.worker.>', {
      callback: (_, { subject }) => void subjects.push(subject),
    });
    const { session } = events[0]!;
    const find = (): string | undefined => subjects.find((name) => name.endsWith(`.session.${session}`));
    await until(() => find() != null);
    const bytes = encodeMessage(message);
    // In parts of less than 5000 bytes each, of which a hundred thousand bytes allow some tens.
    for (let number = 0; number < 200; number++) {
      intruder.publish(find()!, writeFrame({ kind: 'part', stream, number, left: bytes.length, bytes }));
    }
    await until(() => server.busy === 0);
    expect(events.at(-1)).toMatchObject({
      type: 'closed',
      reason: expect.stringMatching(/expected at most 100000 bytes that wait, received 10\d{4}$/) as string,
    });
    await worker!.terminate();
    await intruder.close();
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
