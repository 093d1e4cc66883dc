import { Worker as NodeWorker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { instantiate } from '../../../src/wasm/module.js';
import { CELLS } from '../../../src/wasm/threads/control-block.js';
import { startHelper, type HelperThread } from '../../../src/wasm/threads/helper-thread.js';
import type { Compiled, Job } from '../../../src/wasm/threads/job.js';
import { ThreadPool } from '../../../src/wasm/threads/thread-pool.js';
import { collectWorkers } from './helpers-of-node.js';

const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: true });
const pools: ThreadPool[] = [];

afterEach(() => {
  for (const pool of pools.splice(0)) pool.end();
  vi.restoreAllMocks();
});

/** A pool with one helper, and the place of a function in it. */
async function poolWithHelper(
  createWorker?: (source: string) => Worker,
): Promise<{ pool: ThreadPool; helper: HelperThread; tanh: number }> {
  const { module, functions } = (await instantiate(memory))!;
  const pool = new ThreadPool(Object.values(functions) as Compiled[], memory);
  pools.push(pool);
  const helper = await startHelper(
    { module, memory, buffer: pool.block.buffer, id: 1 },
    createWorker,
    () => undefined,
  );
  pool.add(1, helper);
  return { pool, helper, tanh: Object.keys(functions).indexOf('tanh') };
}

const COUNT = 16384;
const [X, Y] = [0, 4 * COUNT];
const CHUNK = 64;

/** Y = tanh X in chunks of 64 numbers. */
function tanhOf(index: number): Job {
  const advances = [[0, 4 * CHUNK] as const, [1, 4 * CHUNK] as const];
  const cut = { sizeAt: 2, step: CHUNK, size: COUNT / 2, chunks: COUNT / 2 / CHUNK };
  return { index, args: [X, Y, COUNT / 2], ...cut, advances, blocks: [], clear: null };
}

function expectTanh(): void {
  const [x, y] = [
    new Float32Array(memory.buffer, X, COUNT / 2),
    new Float32Array(memory.buffer, Y, COUNT / 2),
  ];
  expect(Math.max(...x.map((value, i) => Math.abs(Math.tanh(value) - y[i]!)))).toBeLessThan(1e-6);
}

function fill(): void {
  new Float32Array(memory.buffer, X, COUNT / 2).forEach((_, i, x) => (x[i] = (i - COUNT / 4) / 1000));
  new Float32Array(memory.buffer, Y, COUNT / 2).fill(7);
}

test('a helper takes chunks', async () => {
  const { pool, tanh } = await poolWithHelper();
  fill();
  // Where the address of scratch goes, a helper shows that it was there: it writes its own results elsewhere.
  const elsewhere = 3 * 65536;
  const shows: Job = { ...tanhOf(tanh), blocks: [[1, elsewhere, 0]] };
  const seen = new Float32Array(memory.buffer, elsewhere, CHUNK);
  seen.fill(7);
  for (let i = 0; i < 10_000 && seen.every((value) => value === 7); i++) pool.run(shows);
  expect(seen.some((value) => value !== 7)).toBe(true);
  pool.run(tanhOf(tanh));
  expectTanh();
});

test('what a helper throws is thrown by the calling thread, and the next job is right', async () => {
  const { pool, tanh } = await poolWithHelper();
  // Only a helper is told to write outside the memory.
  const traps: Job = { ...tanhOf(tanh), blocks: [[1, 4e9, 0]] };
  let thrown: unknown = null;
  for (let i = 0; i < 10_000 && thrown == null; i++) {
    try {
      pool.run(traps);
    } catch (error) {
      thrown = error;
    }
  }
  expect(thrown).toBeInstanceOf(WebAssembly.RuntimeError);
  expect((thrown as Error).message).toMatch(/out of bounds/);
  fill();
  pool.run(tanhOf(tanh));
  expectTanh();
});

test('what the calling thread throws is thrown when the helpers are done', async () => {
  const { pool, tanh } = await poolWithHelper();
  expect(() => pool.run({ ...tanhOf(tanh), args: [X, 4e9, COUNT / 2] })).toThrow(/out of bounds/);
  const { cells } = pool.block;
  expect(Atomics.load(cells, CELLS.state) & 255).toBe(0);
  fill();
  pool.run(tanhOf(tanh));
  expectTanh();
});

test('a chunk that a helper has taken to its grave is done within a second', async () => {
  collectWorkers((source) => source.replace('run(chunk, numbers);', 'process.exit();'));
  const { pool, helper, tanh } = await poolWithHelper();
  let longest = 0;
  for (let i = 0; i < 10_000 && !helper.hasStopped(); i++) {
    fill();
    const start = performance.now();
    pool.run(tanhOf(tanh));
    longest = Math.max(longest, performance.now() - start);
    expectTanh();
  }
  expect(helper.hasStopped()).toBe(true);
  expect(pool.threads).toBe(1);
  // One look, each 0.1 s, has found it: the calling thread sleeps until then.
  expect(longest).toBeGreaterThan(90);
  expect(longest).toBeLessThan(1000);
});

test('a helper of a page that takes its time over a chunk is waited for, and stays', async () => {
  // A worker as a page makes it, by one of Node, for whom a chunk takes 1.5 s from the second job on.
  const source = (text: string): string =>
    text
      .replace('if (node) begin(node.workerData);', "if (node) node.parentPort.once('message', begin);")
      .replace(
        'run(chunk, numbers);',
        `if (number > 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
        run(chunk, numbers);`,
      );
  const terminate = vi.fn();
  const createWorker = (text: string): Worker => {
    const worker = new NodeWorker(source(text), { eval: true });
    worker.unref();
    const page = { terminate, postMessage: (message: unknown) => worker.postMessage(message) };
    worker.on('message', (data) => (page as unknown as Worker).onmessage?.({ data } as MessageEvent));
    return page as unknown as Worker;
  };
  const { pool, tanh } = await poolWithHelper(createWorker);
  let longest = 0;
  // A busy machine may let the helper wait for its turn.
  const end = performance.now() + 60_000;
  for (let i = 0; i < 2 || (longest < 1000 && performance.now() < end); i++) {
    fill();
    const start = performance.now();
    pool.run(tanhOf(tanh));
    longest = Math.max(longest, performance.now() - start);
    expectTanh();
  }
  expect(longest).toBeGreaterThan(1000);
  expect(terminate).not.toHaveBeenCalled();
  expect(pool.threads).toBe(2);
});

test('jobs are right when their numbers begin anew', async () => {
  const { pool, tanh } = await poolWithHelper();
  (pool as unknown as { number: number }).number = (1 << 23) - 3;
  for (let i = 0; i < 6; i++) {
    fill();
    pool.run(tanhOf(tanh));
    expectTanh();
  }
});
