import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { lanczos } from '../../src/index.js';
import { findWorkers, natsWorkers, WorkersNotFoundError } from '../../src/nats/index.js';
import { isLeftOut } from './nats-server.js';
import type { Rig } from './rig.js';
import { logOf, openRig, until } from './rig.js';

let rig: Rig;

beforeAll(async () => {
  if (!isLeftOut) rig = await openRig();
});
afterEach(() => rig?.endTest());
afterAll(() => rig?.dispose());

describe.skipIf(isLeftOut)('workers on NATS', { timeout: 60_000 }, () => {
  it('are found, and give the eigenvalues of one machine', async () => {
    const first = await rig.serve('w1', { threads: 3 });
    await rig.serve('w2');
    const found = await findWorkers(rig.host);
    expect(found.map(({ instance, ...worker }) => [instance.length > 10, worker])).toEqual([
      [true, { name: 'w1', backend: 'cpu', threads: 3, busy: 0, sessions: 1 }],
      [true, { name: 'w2', backend: 'cpu', threads: 1, busy: 0, sessions: 1 }],
    ]);
    const workers = await natsWorkers(rig.host, { min: 2, name: 'notebook' });
    expect(first.events).toMatchObject([{ type: 'opened', host: 'notebook' }]);
    const hessian = await rig.load(workers);
    const { eigenvalues, dispose } = await lanczos(hessian, { k: 3 });
    const local = await lanczos(rig.problem.local, { k: 3 });
    eigenvalues.forEach((value, i) => expect(Math.abs(value / local.eigenvalues[i]! - 1)).toBeLessThan(1e-6));
    dispose();
    local.dispose();
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
    expect((await findWorkers(rig.host)).map(({ busy }) => busy)).toEqual([1, 1]);
    // A session ends, not the worker.
    await hessian.dispose();
    const again = await natsWorkers(rig.host, { min: 2 });
    await Promise.all(again.map((worker) => worker.terminate()));
  });

  it('are told v and θ once, however many they are', async () => {
    const served = [await rig.serve('w1'), await rig.serve('w2'), await rig.serve('w3')];
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 3 }), 3);
    const before = rig.host.stats().outBytes;
    const theta = Float32Array.from(rig.problem.v, (x) => 0.1 * x);
    await hessian.setParameters(theta);
    await hessian.multiply(rig.problem.v);
    await hessian.multiply(rig.problem.v);
    const numbers = 4 * rig.problem.v.length;
    // θ and v, and small messages for each of three workers.
    expect(rig.host.stats().outBytes - before).toBeLessThan(2 * numbers + 12_000);
    for (const { made } of served) {
      const sent = logOf(made[0]).filter(({ name }) => name === 'product' || name === 'setParameters');
      expect(sent.map(({ args }) => args.at(-1))).toEqual([theta, rig.problem.v, rig.problem.v]);
    }
  });

  it('of which there are too few are told by number', async () => {
    await rig.serve('w1');
    const error = await natsWorkers(rig.host, { min: 2, waitMs: 200 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkersNotFoundError);
    expect(error).toMatchObject({ found: 1, wanted: 2 });
    // The one that was found is free again.
    const [worker] = await natsWorkers(rig.host);
    await worker!.terminate();
    await expect(natsWorkers(rig.host, { group: 'nobody', waitMs: 0 })).rejects.toThrow(
      "found 0 of 1 free workers in the group 'nobody'",
    );
  });

  it('say why they open no session', async () => {
    await rig.serve('w1', {}, () => {
      throw new Error('no memory');
    });
    await expect(natsWorkers(rig.host, { waitMs: 0 })).rejects.toThrow(
      "found 0 of 1 free workers in the group 'workers' (w1: no memory)",
    );
  });

  it('serve two hosts at the same time', async () => {
    await rig.serve('w1', { sessions: 2 });
    await rig.serve('w2', { sessions: 2 });
    const other = await rig.server.connect();
    const first = await rig.load(await natsWorkers(rig.host, { min: 2 }));
    const second = await rig.load(await natsWorkers(other, { min: 2 }));
    const theta = Float32Array.from(rig.problem.v, (x) => 0.1 * x);
    const { product } = rig;
    await second.setParameters(theta);
    const [a, b] = await Promise.all([first.multiply(rig.problem.v), second.multiply(rig.problem.v)]);
    expect(a).toEqual(product);
    expect(b).not.toEqual(product);
    await expect(natsWorkers(rig.host, { waitMs: 0 })).rejects.toThrow(WorkersNotFoundError);
    // A host whose connection breaks frees its sessions.
    await other.close();
    await until(() => first.numWorkers === 2);
    const third = await natsWorkers(rig.host, { min: 2, waitMs: 8000 });
    expect(third).toHaveLength(2);
    await Promise.all(third.map((worker) => worker.terminate()));
    expect(await first.multiply(rig.problem.v)).toEqual(product);
  });
});
