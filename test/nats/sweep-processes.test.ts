import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runSweep } from '../../src/nats/index.js';
import { isLeftOut } from './nats-server.js';
import { timed } from './rig.js';
import type { SweepRig } from './sweep-rig.js';
import { openSweepRig } from './sweep-rig.js';

let rig: SweepRig;

beforeAll(async () => {
  if (!isLeftOut) rig = await openSweepRig();
});
afterEach(() => rig?.endTest());
afterAll(() => rig?.dispose());

interface Started {
  readonly process: ChildProcess;
  /** Fulfilled when it has taken a unit. */
  readonly taken: Promise<void>;
}

/** A process that serves. */
async function start(name: string): Promise<Started> {
  const script = join(import.meta.dirname, 'sweep-process.mjs');
  const args = ['--import', 'tsx', script, String(rig.server.port), name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  const says = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (log.includes(text)) resolve();
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.on('data', (data: Buffer) => (log += data.toString()));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  rig.atEnd(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  await says('serves');
  return { process: child, taken: says('taken') };
}

const LIMIT = 10_000;

describe.skipIf(isLeftOut)('a worker of a sweep', { timeout: 120_000 }, () => {
  it('is killed in mid-unit: another takes the unit, and each has one record', async () => {
    const [dying] = await Promise.all([start('w1'), start('w2')]);
    const units = [1, 2, 3].map((i) => ({ id: String(i), task: 1500 }));
    const seen: string[] = [];
    const onRecord = (id: string): void => void seen.push(id);
    const sweep = runSweep(rig.host, units, { leaseMs: 1000, onRecord });
    await dying.taken;
    dying.process.kill('SIGKILL');
    const { result, took } = await timed(sweep);
    expect(result).toEqual({
      records: new Map([
        ['1', 'w2'],
        ['2', 'w2'],
        ['3', 'w2'],
      ]),
      failures: [],
    });
    expect(took).toBeLessThan(LIMIT);
    expect(seen.sort()).toEqual(['1', '2', '3']);
    expect(await rig.count('records')).toEqual({ taken: 3, held: 0 });
  });

  it('freezes for longer than its lease: its unit is done by another, and what it then writes is not taken', async () => {
    const frozen = await start('w1');
    const units = [
      { id: 'short', task: 1500, weight: 2 },
      { id: 'long', task: 5000, weight: 1 },
    ];
    const sweep = runSweep(rig.host, units, { leaseMs: 1000 });
    await frozen.taken;
    frozen.process.kill('SIGSTOP');
    await Promise.all([start('w2'), start('w3')]);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    frozen.process.kill('SIGCONT');
    const { records } = await sweep;
    expect(['w2', 'w3']).toContain(records.get('short'));
    expect(['w2', 'w3']).toContain(records.get('long'));
    expect(await rig.count('records')).toEqual({ taken: 2, held: 0 });
  });
});
