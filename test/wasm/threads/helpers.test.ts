import * as tf from '@tensorflow/tfjs-core';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';
import { collectWorkers, ended } from './helpers-of-node.js';

let workers: Worker[] = [];

beforeEach(() => {
  workers = collectWorkers();
});

afterEach(async () => {
  (await registerWasmTrainingKernels())();
  vi.restoreAllMocks();
});

/** Numbers in [-1, 1) that round when they are multiplied and added. */
const numbers = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, 'float32', seed);

test('a job is done right whenever a helper dies', { timeout: 600_000 }, async () => {
  await registerWasmTrainingKernels({ threads: 3 });
  await useBackend('wasm');
  const x = numbers([16, 20, 20, 16], 1) as tf.Tensor4D;
  const w = numbers([3, 3, 16, 16], 2) as tf.Tensor4D;
  const [a, b] = [numbers([160, 300], 3), numbers([300, 160], 4)];
  const dy = tf.ones([16, 20, 20, 16]);
  const filterGradient = tf.grad((filter: tf.Tensor) => tf.conv2d(x, filter as tf.Tensor4D, 1, 'same'));
  const jobs = [() => tf.matMul(a, b), () => tf.conv2d(x, w, 1, 'same'), () => filterGradient(w, dy)];
  const run = (job: () => tf.Tensor) => tf.tidy(() => job().dataSync().slice());
  const right = jobs.map(run);
  let [deaths, longest] = [0, 0];
  for (let i = 0; i < 1000; i++) {
    if (i % 25 === 0) await registerWasmTrainingKernels({ threads: 3 });
    if (i % 25 === 5) {
      // It dies some time from now on: before the job, in it, with a chunk or without, or after it.
      const [victim] = workers.slice(-2 + ((i / 5) % 2));
      void victim?.terminate();
      deaths++;
      const until = performance.now() + (i % 7) * 0.1;
      while (performance.now() < until);
    }
    const start = performance.now();
    const result = run(jobs[i % 3]!);
    longest = Math.max(longest, performance.now() - start);
    expect(
      Buffer.compare(new Uint8Array(result.buffer), new Uint8Array(right[i % 3]!.buffer)),
      `job ${i}`,
    ).toBe(0);
    // Sometimes its end is told to the calling thread, sometimes not yet.
    if (i % 25 === 15) await new Promise((resolve) => setTimeout(resolve, i % 50));
  }
  expect(deaths).toBe(40);
  expect(longest).toBeLessThan(5000);
});

test('a helper that has died is told of, and replaced when threads are asked for again', async () => {
  const undo = await registerWasmTrainingKernels({ threads: 3 });
  await workers[0]!.terminate();
  expect([undo.threads, undo.reason]).toEqual([2, 'a helper thread has ended']);
  await registerWasmTrainingKernels({ threads: 3 });
  expect([undo.threads, undo.reason]).toEqual([3, null]);
});

test('undo ends the helpers', async () => {
  const undo = await registerWasmTrainingKernels({ threads: 3 });
  expect(workers).toHaveLength(2);
  undo();
  await Promise.all(workers.map(ended));
  expect(undo.threads).toBe(1);
});

test('undo while helpers start ends them', { timeout: 20_000 }, async () => {
  const undo = await registerWasmTrainingKernels({ threads: 1 });
  const more = registerWasmTrainingKernels({ threads: 3 });
  while (workers.length < 2) await new Promise((resolve) => setImmediate(resolve));
  undo();
  await more;
  await Promise.all(workers.map(ended));
  expect([undo.threads, undo.reason]).toEqual([1, null]);
});

test('fewer threads end helpers, more start some, and undo stays the same', async () => {
  const undo = await registerWasmTrainingKernels({ threads: 2 });
  expect(await registerWasmTrainingKernels({ threads: 4 })).toBe(undo);
  expect(undo.threads).toBe(4);
  expect(await registerWasmTrainingKernels({ threads: 1 })).toBe(undo);
  expect([undo.threads, undo.reason]).toEqual([1, null]);
  await Promise.all(workers.map(ended));
});

test('without a number, threads stay as many as they are', async () => {
  const undo = await registerWasmTrainingKernels({ threads: 2 });
  expect(await registerWasmTrainingKernels()).toBe(undo);
  expect(undo.threads).toBe(2);
  expect(workers).toHaveLength(1);
});

test('memory that grows is seen by the helpers', async () => {
  await registerWasmTrainingKernels({ threads: 3 });
  await useBackend('wasm');
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  const before = wasm.HEAPU8.length;
  const large = Array.from({ length: 24 }, () => tf.zeros([1 << 20]));
  const [a, b] = [numbers([400, 300], 1), numbers([300, 500], 2)];
  expect(wasm.HEAPU8.length).toBeGreaterThan(before);
  const grown = tf.matMul(a, b).dataSync();
  tf.dispose(large);
  await registerWasmTrainingKernels({ threads: 1 });
  expect(grown).toEqual(tf.matMul(a, b).dataSync());
});

test('a helper that is not ready in time is ended', { timeout: 60_000 }, async () => {
  vi.restoreAllMocks();
  // It never says that it is ready, and would be there for ever.
  const late = collectWorkers((source) =>
    source.replace('if (node) begin(node.workerData);', 'if (node) setInterval(() => {}, 1000);'),
  );
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const undo = await registerWasmTrainingKernels({ threads: 1 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const more = registerWasmTrainingKernels({ threads: 2 });
    while (late.length < 1) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(30_000);
    await more;
  } finally {
    vi.useRealTimers();
  }
  expect([undo.threads, undo.reason]).toEqual([
    1,
    'a helper thread did not start: it was not ready after 30 s',
  ]);
  await ended(late[0]!);
});

test('a helper that does not start leaves fewer threads, the reason and a warning', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const undo = await registerWasmTrainingKernels({ threads: 2 });
  expect(undo.reason).toBeNull();
  vi.mocked(process.getBuiltinModule).mockReturnValue({
    Worker: function Worker() {
      throw new Error('no room');
    },
  } as never);
  expect(await registerWasmTrainingKernels({ threads: 3 })).toBe(undo);
  const reason = 'a helper thread did not start: no room';
  expect([undo.threads, undo.reason]).toEqual([1, reason]);
  const sentence = `registerWasmTrainingKernels: the kernels run on 1 thread, not on 3: ${reason}.`;
  expect(warn.mock.calls).toEqual([[sentence]]);
});

describe('options', () => {
  test.each([0, 65, 1.5, Number.NaN, 'all', null])('threads %s is refused', async (threads) => {
    await expect(registerWasmTrainingKernels({ threads: threads as number })).rejects.toThrow(
      /registerWasmTrainingKernels: expected an integer threads from 1 to 64, or 'auto', received/,
    );
  });

  test('an unknown one is refused', async () => {
    await expect(registerWasmTrainingKernels({ thread: 2 } as object)).rejects.toThrow(
      /did you mean threads/,
    );
  });
});
