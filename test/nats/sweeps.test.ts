import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { noiseGrid, noiseGridUnits, type NoiseGridOptions } from '../../src/index.js';
import { runSweep, serveSweeps, UnfitWorkerError, type UnitContext } from '../../src/nats/index.js';
import { isLeftOut, startServer } from './nats-server.js';
import { timed, until } from './rig.js';
import { smallProblem } from './sharded-problem.js';
import type { SweepRig } from './sweep-rig.js';
import { openSweepRig } from './sweep-rig.js';

let rig: SweepRig;

beforeAll(async () => {
  if (!isLeftOut) rig = await openSweepRig();
});
afterEach(() => rig?.endTest());
afterAll(() => rig?.dispose());

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
const square = async ({ x }: { x: number }): Promise<number> => x * x;
/** Does not end before its worker closes. */
const endless = (_: never, { signal }: UnitContext): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
const units = [1, 2, 3, 4, 5].map((x) => ({ id: `x = ${x}`, task: { x }, weight: x }));
const squares = new Map(units.map(({ id, task: { x } }) => [id, x * x]));

const LIMIT = 10_000;

describe.skipIf(isLeftOut)('a sweep', { timeout: 60_000 }, () => {
  it('of two workers comes to the bits of one machine', async () => {
    const options = { batchSizes: [4], steps: 4, measureEvery: 2, hessianExamples: 24, seeds: [1, 2] };
    const grid = noiseGridUnits({ learningRates: [0.1, 0.05], ...options });
    const problems = await Promise.all([smallProblem(), smallProblem(), smallProblem()]);
    const [here, ...theirs] = problems.map(({ model, data }) => {
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      return async (task: NoiseGridOptions) => (await noiseGrid({ model, data }, task)).runs[0];
    });
    const workers = await Promise.all(theirs.map((run, i) => rig.serve(`w${i + 1}`, run)));
    const seen: string[] = [];
    const { records, failures } = await runSweep(rig.host, grid, { onRecord: (id) => seen.push(id) });
    expect(failures).toEqual([]);
    expect([...records.keys()]).toEqual(grid.map(({ id }) => id));
    for (const { id, task } of grid) expect(records.get(id)).toEqual(await here!(task));
    expect(seen.sort()).toEqual(grid.map(({ id }) => id).sort());
    for (const { events } of workers) expect(events.some(({ type }) => type === 'done')).toBe(true);
    // The streams are as empty as they were.
    expect(await rig.count('units')).toEqual({ taken: grid.length, held: 0 });
    expect(await rig.count('records')).toEqual({ taken: grid.length, held: 0 });
    for (const problem of problems) problem.dispose();
  });

  it('begins with what takes longest, and tells how far it is', async () => {
    const counts: unknown[] = [];
    const told: string[] = [];
    const sweep = runSweep(rig.host, units, {
      name: 'squares',
      onProgress: (progress) => counts.push(progress),
      onEvent: ({ type, id, worker, sweep: name, ...more }) =>
        told.push([type, id, worker, name, ...Object.values(more)].join(' ')),
    });
    await until(() => counts.length === 0);
    await wait(300);
    const run = async (task: { x: number }, { onProgress }: UnitContext): Promise<number> => {
      onProgress({ done: 1, total: task.x });
      return square(task);
    };
    const { events } = await rig.serve('w1', run);
    expect((await sweep).records).toEqual(squares);
    const order = ['x = 5', 'x = 4', 'x = 3', 'x = 2', 'x = 1'];
    expect(events.filter(({ type }) => type === 'taken').map(({ id }) => id)).toEqual(order);
    expect(counts).toEqual([1, 2, 3, 4, 5].map((done) => ({ done, total: 5 })));
    expect(told).toContain('progress x = 5 w1 squares 1 5');
  });

  it('without units, and a worker without a queue, end', async () => {
    expect(await runSweep(rig.host, [])).toEqual({ records: new Map(), failures: [] });
    const { result, took } = await timed((await rig.serve('w1', square, { idleMs: 0 })).server.ended);
    expect(result).toBeUndefined();
    expect(took).toBeLessThan(LIMIT);
  });

  it('is through: workers that are to wait no longer end', async () => {
    const sweep = runSweep(rig.host, units);
    const workers = [
      await rig.serve('w1', square, { idleMs: 3000, parallel: 2 }),
      await rig.serve('w2', square, { idleMs: 3000 }),
    ];
    expect((await sweep).records).toEqual(squares);
    const { took } = await timed(Promise.all(workers.map(({ server }) => server.ended)));
    expect(took).toBeLessThan(LIMIT);
    expect(workers.map(({ server }) => server.busy)).toEqual([0, 0]);
  });

  it('reports a unit that fails three times, and completes the others', async () => {
    const run = async (task: { x: number }): Promise<number> => {
      if (task.x === 3) throw new Error('x is three');
      return square(task);
    };
    const { events } = await rig.serve('w1', run);
    const { result, took } = await timed(runSweep(rig.host, units));
    const failures = [{ id: 'x = 3', tries: 3, worker: 'w1', reason: 'x is three' }];
    const others = [...squares].filter(([id]) => id !== 'x = 3');
    expect(result).toEqual({ records: new Map(others), failures });
    expect(took).toBeLessThan(LIMIT);
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(3);
    expect(await rig.count('units')).toMatchObject({ held: 0 });
  });

  it('reports a unit whose workers fall silent, three of them', async () => {
    const kill = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const dying = await rig.serve(`w${i}`, endless);
        await until(() => dying.events.length > 0);
        await dying.connection.close();
      }
      await rig.serve('w3', square);
    };
    const sweep = timed(runSweep(rig.host, units.slice(0, 1), { leaseMs: 1000 }));
    await kill();
    const { result, took } = await sweep;
    const reason = '3 workers took it and fell silent';
    expect(result).toEqual({
      records: new Map(),
      failures: [{ id: 'x = 1', tries: 3, worker: 'w3', reason }],
    });
    expect(took).toBeLessThan(LIMIT);
  });

  it('keeps a unit with its worker for longer than a lease', async () => {
    const slow = async ({ x }: { x: number }): Promise<number> => {
      await wait(2500);
      return x * x;
    };
    const workers = [await rig.serve('w1', slow), await rig.serve('w2', slow)];
    const { records } = await runSweep(rig.host, units.slice(0, 1), { leaseMs: 1000 });
    expect(records.get('x = 1')).toBe(1);
    const taken = workers.flatMap(({ events }) => events.filter(({ type }) => type === 'taken'));
    expect(taken).toHaveLength(1);
  });

  it('outlasts a server that is restarted', async () => {
    const slow = async ({ x }: { x: number }): Promise<number> => {
      await wait(400);
      return x * x;
    };
    const workers = [await rig.serve('w1', slow), await rig.serve('w2', slow)];
    const sweep = timed(runSweep(rig.host, units));
    await until(() => workers.some(({ events }) => events.some(({ type }) => type === 'done')));
    await rig.server.kill();
    await wait(1000);
    await rig.server.start();
    const { result, took } = await sweep;
    expect(result).toEqual({ records: squares, failures: [] });
    expect(took).toBeLessThan(LIMIT);
    expect(await rig.count('records')).toEqual({ taken: 5, held: 0 });
  });

  it('goes on where a host was stopped, and runs nothing twice', async () => {
    const { events } = await rig.serve('w1', square);
    const stop = new AbortController();
    const isEnough = (): void => {
      throw new Error('the disk is full');
    };
    await expect(runSweep(rig.host, units, { name: 'a', onRecord: isEnough })).rejects.toThrow(
      'disk is full',
    );
    await until(() => events.filter(({ type }) => type === 'done').length >= 1);
    const signal = stop.signal;
    stop.abort(new Error('enough'));
    await expect(runSweep(rig.host, units, { name: 'a', signal })).rejects.toThrow('enough');
    expect((await runSweep(rig.host, units, { name: 'a' })).records).toEqual(squares);
    // Each unit was done once, whichever host asked.
    const done = events.filter(({ type }) => type === 'done').map(({ id }) => id);
    expect(done.sort()).toEqual(units.map(({ id }) => id));
    // It is through: the same again is done anew, also within the time that a server remembers ids for.
    expect((await runSweep(rig.host, units, { name: 'a' })).records).toEqual(squares);
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(10);
  });

  it('that is stopped leaves nothing in the queue', async () => {
    const { events } = await rig.serve('w1', endless);
    const stop = new AbortController();
    const sweep = runSweep(rig.host, units, { signal: stop.signal });
    await until(() => events.length > 0);
    stop.abort(new Error('enough'));
    await expect(sweep).rejects.toThrow('enough');
    expect(await rig.count('units')).toMatchObject({ held: 0 });
  });

  it('gives back what a closing worker was at: another does it, and it is no try', async () => {
    const sweep = runSweep(rig.host, units.slice(0, 1), { tries: 1 });
    const { server, events } = await rig.serve('w1', endless);
    await until(() => events.length > 0);
    await server.close();
    expect(events.at(-1)).toMatchObject({ type: 'returned', reason: 'the worker is closing' });
    await rig.serve('w2', square);
    expect(await sweep).toEqual({ records: new Map([['x = 1', 1]]), failures: [] });
  });

  it('parts with a worker that is not fit for it', async () => {
    const unfit = await rig.serve('w1', () => {
      throw new UnfitWorkerError('mnist: another hash');
    });
    const heard: unknown[] = [];
    const sweep = runSweep(rig.host, units, { tries: 1, onEvent: (event) => heard.push(event) });
    await expect(unfit.server.ended).rejects.toThrow(UnfitWorkerError);
    await rig.serve('w2', square);
    expect(await sweep).toEqual({ records: squares, failures: [] });
    expect(heard).toContainEqual(
      expect.objectContaining({ type: 'returned', worker: 'w1', reason: 'mnist: another hash' }),
    );
  });

  it('takes plain data and arrays bit by bit, and names what is too long', async () => {
    const values = Float32Array.of(1, NaN, -0);
    const echo = (task: { x?: number } | null): unknown => (task?.x === 2 ? new Uint8Array(2 ** 20) : task);
    await rig.serve('w1', echo);
    const task = { list: [NaN, -0, Infinity, null, 'ä'], values };
    const mixed = [{ id: 'mixed', task }, units[1]!, { id: 'nothing', task: undefined }];
    const { records, failures } = await runSweep(rig.host, mixed, { tries: 1 });
    expect(records).toEqual(
      new Map<string, unknown>([
        ['mixed', task],
        ['nothing', null],
      ]),
    );
    expect(failures).toMatchObject([
      { id: 'x = 2', reason: expect.stringMatching(/a record of at most \d+ bytes/) as unknown },
    ]);
    await expect(runSweep(rig.host, [{ id: 'long', task: new Uint8Array(2 ** 20) }])).rejects.toThrow(
      /runSweep: expected tasks of at most 1047552 bytes, received \d+ for 'long'/,
    );
  });

  it('names a server without JetStream, and wrong units', async () => {
    const plain = await startServer();
    rig.atEnd(() => plain.dispose());
    const connection = await plain.connect();
    const named = /the NATS server has no JetStream: start it with nats-server --jetstream/;
    const { result, took } = await timed(runSweep(connection, units));
    expect(String(result)).toMatch(named);
    expect(took).toBeLessThan(LIMIT);
    await expect(serveSweeps(connection, square)).rejects.toThrow(named);
    await expect(runSweep(rig.host, [units[0]!, units[0]!])).rejects.toThrow(
      "runSweep: expected units with ids that differ, received 'x = 1' twice",
    );
    for (const bad of [null, {}, [null], [{ id: 3 }], [{ id: 'a', weight: NaN }]]) {
      await expect(runSweep(rig.host, bad as never)).rejects.toThrow(/a list of units \{id, task, weight\}/);
    }
  });

  it('ends with what a listener of its host throws, and the connection of the host goes on', async () => {
    const { events } = await rig.serve('w1', square);
    const sweep = (type: string): Promise<unknown> =>
      runSweep(rig.host, units, {
        onEvent: (event) => {
          if (event.type === type) throw new Error(`no more after ${type}`);
        },
      });
    await expect(sweep('taken')).rejects.toThrow('no more after taken');
    await expect(sweep('done')).rejects.toThrow('no more after done');
    expect(events.map(({ type }) => type)).toContain('done');
    // The queue of the sweeps before is empty, and events are heard.
    const heard: string[] = [];
    const options = { onEvent: ({ type }: { type: string }) => void heard.push(type) };
    expect((await runSweep(rig.host, units, options)).records).toEqual(squares);
    expect(heard).toContain('taken');
  });

  it('is not stopped by a listener of a worker, which hears of it when it closes', async () => {
    const connection = await rig.server.connect();
    let calls = 0;
    const onEvent = (): never => {
      throw new Error(`the disk is full ${++calls}`);
    };
    const worker = await serveSweeps(connection, square, { onEvent });
    const { records, failures } = await runSweep(rig.host, units, { tries: 1 });
    expect([records, failures]).toEqual([squares, []]);
    // Each unit is taken and done.
    await until(() => calls === 10);
    await expect(worker.close()).rejects.toThrow('the disk is full 1');
    await worker.ended;
    await connection.close();
  });

  it('lets a worker close whose server is away, idle or at a unit', async () => {
    const idle = await rig.serve('w1', square, { group: 'other' });
    const busy = await rig.serve('w2', async (_: never, { signal }) => {
      await endless(undefined as never, { signal } as UnitContext).catch(() => {});
      return 1;
    });
    const stop = new AbortController();
    const sweep = runSweep(rig.host, units, { signal: stop.signal });
    await until(() => busy.events.length > 0);
    await rig.server.kill();
    // It has noticed.
    await wait(3000);
    try {
      for (const { server } of [idle, busy]) {
        const { result, took } = await timed(server.close());
        expect(result).toBe(undefined);
        expect(took).toBeLessThan(LIMIT);
        await server.ended;
      }
    } finally {
      stop.abort(new Error('enough'));
      await expect(sweep).rejects.toThrow('enough');
      await rig.server.start();
      // Until the host is connected again, and the server has its streams.
      while ((await rig.count('units').catch(() => null)) == null) await wait(200);
    }
  });

  it('whose connection is closed: an error at once, for host and worker', async () => {
    const [mine, theirs] = [await rig.server.connect(), await rig.serve('w1', endless)];
    const sweep = timed(runSweep(mine, units));
    await until(() => theirs.events.length > 0);
    await mine.close();
    const { result, took } = await sweep;
    expect(String(result)).toContain('the connection to the NATS server is closed');
    expect(took).toBeLessThan(LIMIT);
    const idle = await rig.serve('w2', square, { group: 'other' });
    await idle.connection.close();
    await expect(idle.server.ended).rejects.toThrow('the connection to the NATS server is closed');
  });
});
