import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { natsWorkers } from '../../src/nats/index.js';
import { isLeftOut } from './nats-server.js';
import type { Rig } from './rig.js';
import { openRig, timed, until } from './rig.js';
import type { WorkerCommand, WorkerProcess } from './worker-processes.js';
import { compileCommand } from './worker-processes.js';

let rig: Rig;
let command: WorkerCommand;

beforeAll(async () => {
  if (isLeftOut) return;
  rig = await openRig();
  command = await compileCommand();
});
afterEach(() => rig?.endTest());
afterAll(async () => {
  await command?.dispose();
  await rig?.dispose();
});

/** A worker of the command whose products take a second or more. */
async function start(name: string): Promise<WorkerProcess> {
  const server = `127.0.0.1:${rig.server.port}`;
  const register = join(import.meta.dirname, 'slow-kernels.mjs');
  const args = ['--server', server, '--name', name, '--backend', 'cpu', '--register', register];
  const worker = command.start(args);
  await worker.said('serves the group');
  rig.atEnd(async () => {
    worker.process.kill('SIGKILL');
    await worker.exit;
  });
  return worker;
}

describe.skipIf(isLeftOut)('worker processes', { timeout: 120_000 }, () => {
  it('one is killed in mid-product: the other completes it; a new one takes over', async () => {
    const [dying] = await Promise.all([start('w1'), start('w2')]);
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 2, waitMs: 20_000 }));
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
    const run = hessian.multiply(rig.problem.v);
    await new Promise((resolve) => setTimeout(resolve, 100));
    dying!.process.kill('SIGKILL');
    const { result, took } = await timed(run);
    expect(result).toEqual(rig.product);
    expect(took).toBeLessThan(10_000);
    expect(hessian.numWorkers).toBe(1);
    const [third] = await Promise.all([start('w3')]);
    for (const worker of await natsWorkers(rig.host, { waitMs: 20_000 })) await hessian.add(worker);
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
    // SIGTERM in mid-product: it lets its call end.
    const last = hessian.multiply(rig.problem.v);
    await new Promise((resolve) => setTimeout(resolve, 100));
    third.process.kill('SIGTERM');
    expect(await third.exit).toBe(0);
    expect(third.log()).toMatch(
      /opened session [\s\S]*draining[\s\S]*closed session .*: the worker is closing/,
    );
    expect(await last).toEqual(rig.product);
  });

  it('one freezes in mid-product: the other completes it, and the frozen one comes back', async () => {
    const [frozen] = await Promise.all([start('w1'), start('w2')]);
    const hessian = await rig.load(await natsWorkers(rig.host, { min: 2, waitMs: 20_000 }));
    const run = hessian.multiply(rig.problem.v);
    await new Promise((resolve) => setTimeout(resolve, 100));
    frozen!.process.kill('SIGSTOP');
    const { result, took } = await timed(run);
    expect(result).toEqual(rig.product);
    expect(took).toBeLessThan(10_000);
    expect(hessian.numWorkers).toBe(1);
    frozen!.process.kill('SIGCONT');
    await frozen!.said('closed session');
    await until(() => hessian.numWorkers === 2);
    expect(await hessian.multiply(rig.problem.v)).toEqual(rig.product);
  });

  it('may not enter: exit status 1, and 2 for wrong options', async () => {
    const nowhere = command.start([], { TFJS_CURVATURE_SERVER: '127.0.0.1:1' });
    const wrong = command.start(['--threads', 'many']);
    const help = command.start(['--help']);
    expect(await nowhere.exit).toBe(1);
    expect(nowhere.log()).toContain('cannot serve: connection refused');
    expect(await wrong.exit).toBe(2);
    expect(wrong.log()).toContain('expected --threads to be a whole number >= 1, received many');
    expect(await help.exit).toBe(0);
    expect(help.log()).toContain('--max-message SIZE');
  });
});
