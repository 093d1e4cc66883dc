import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HessianOperator, modelObjective, registerChainedOps } from '../../src/index.js';
import { natsWorkers } from '../../src/nats/index.js';
import { ShardedHessian } from '../../src/workers/index.js';
import { relativeError } from '../golden-case.js';
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

/** What makes products take a second or more. */
const slowly = ['--register', join(import.meta.dirname, 'slow-kernels.mjs')];

/** A worker of the command. */
async function start(name: string, more = slowly): Promise<WorkerProcess> {
  const server = `127.0.0.1:${rig.server.port}`;
  const worker = command.start(['--server', server, '--name', name, '--backend', 'cpu', ...more]);
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

  it('builds recurrent layers with their default initializers', async () => {
    registerChainedOps();
    await start('w1', []);
    const model = layers.sequential({
      layers: [
        layers.layers.gru({ units: 2, inputShape: [3, 2], returnSequences: true }),
        layers.layers.lstm({ units: 2, returnSequences: true }),
        layers.layers.simpleRNN({ units: 1 }),
      ],
    });
    const data = { xs: tf.ones([4, 3, 2]), ys: tf.zeros([4, 1]) };
    const loss = 'meanSquaredError';
    const workers = await natsWorkers(rig.host, { waitMs: 20_000 });
    const hessian = await ShardedHessian.load(workers, model, data, { loss });
    rig.atEnd(() => hessian.dispose());
    const here = new HessianOperator(modelObjective(model, data, { loss }));
    const v = tf.ones([here.size]) as tf.Tensor1D;
    const product = here.matvec(v);
    const expected = await product.data<'float32'>();
    expect(relativeError(await hessian.multiply(await v.data<'float32'>()), expected)).toBeLessThan(1e-5);
    here.dispose();
    model.dispose();
    tf.dispose([v, product, data.xs, data.ys]);
  });

  it('may not enter: exit status 1, and 2 for wrong options', async () => {
    const nowhere = command.start([], { TFJS_CURVATURE_SERVER: '127.0.0.1:1' });
    const wrong = command.start(['--threads', 'many']);
    const misnamed = command.start(['--group', 'my.lab']);
    const help = command.start(['--help']);
    expect(await nowhere.exit).toBe(1);
    expect(nowhere.log()).toContain('cannot serve: connection refused');
    expect(await wrong.exit).toBe(2);
    expect(wrong.log()).toContain('expected --threads to be a whole number >= 1, received many');
    expect(await misnamed.exit).toBe(2);
    expect(misnamed.log()).toContain('expected --group of letters, digits, - and _');
    expect(await help.exit).toBe(0);
    expect(help.log()).toContain('--max-message SIZE');
  });
});
