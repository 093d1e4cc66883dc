import type { NatsConnection } from '@nats-io/nats-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findWorkers, natsWorkers, runSweep, serveShards, serveSweeps } from '../../src/nats/index.js';
import { localWorker } from '../workers/local-worker.js';
import type { TestServer } from './nats-server.js';
import { isLeftOut, startServer } from './nats-server.js';
import { serverConfiguration } from './documented-server.js';

let server: TestServer;

beforeAll(async () => {
  // The configuration that the documentation recommends.
  if (!isLeftOut) server = await startServer(serverConfiguration(), true);
});
afterAll(() => server?.dispose());

const as = (user: string, pass = `${user}-password`): Promise<NatsConnection> =>
  server.connect({ user, pass });

describe.skipIf(isLeftOut)('with a user for each', { timeout: 60_000 }, () => {
  it('those who may do what they have to', async () => {
    const worker = await serveShards(await as('w1'), localWorker, { group: 'lab', name: 'w1' });
    const [taken] = await natsWorkers(await as('host'), { group: 'lab' });
    const reply = await taken!.service.product([0], new Float32Array(3));
    expect(reply).toMatchObject({ ok: false, isBlank: true });
    await taken!.terminate();
    await worker.close();
  });

  it('a wrong password does not enter', async () => {
    await expect(as('w1', 'guessed')).rejects.toThrow('Authorization Violation');
  });

  it('a worker cannot take the place of another', async () => {
    await expect(serveShards(await as('w1'), localWorker, { group: 'lab', name: 'w2' })).rejects.toThrow(
      /serveShards: the NATS server refuses the worker w2: Permissions Violation for .*w2/,
    );
    await expect(serveShards(await as('w1'), localWorker, { group: 'other', name: 'w1' })).rejects.toThrow(
      /serveShards: the NATS server refuses the worker w1/,
    );
  });

  it('a worker cannot pose as a host', async () => {
    const worker = await serveShards(await as('w2'), localWorker, { group: 'lab', name: 'w2' });
    const thief = await as('w1');
    await expect(natsWorkers(thief, { group: 'lab', waitMs: 0 })).rejects.toThrow('Permissions Violation');
    await expect(findWorkers(thief, { group: 'lab' })).rejects.toThrow('Permissions Violation');
    await worker.close();
  });

  it('a host may not reach a group that is not its own', async () => {
    const host = await as('host');
    await expect(natsWorkers(host, { group: 'other', waitMs: 0 })).rejects.toThrow('Permissions Violation');
  });

  it('a host of sweeps and a worker of them, which cannot take each other for their own', async () => {
    const [host, connection] = [
      await as('sweeps'),
      await server.connect({ user: 's1', pass: 's1-password', inboxPrefix: '_INBOX_s1' }),
    ];
    const worker = await serveSweeps(connection, ({ x }: { x: number }) => 2 * x, { group: 'lab' });
    const units = [1, 2].map((x) => ({ id: String(x), task: { x } }));
    const { records } = await runSweep(host, units, { group: 'lab' });
    expect([...records.values()]).toEqual([2, 4]);
    await worker.close();
    await expect(runSweep(connection, units, { group: 'lab' })).rejects.toThrow('Permissions Violation');
    const other = { group: 'other' };
    await expect(serveSweeps(connection, () => 1, other)).rejects.toThrow('Permissions Violation');
    await expect(runSweep(host, units, other)).rejects.toThrow('Permissions Violation');
  });
});
