import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DifferentiationError } from '../../../src/errors.js';
import { HostWork } from '../../../src/optimizers/host-work.js';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { useBackend } from '../../wasm-backend.js';
import { makeVariables, quadratic, randomRows, readAll, smallNet } from './training-problems.js';

/** For what happens between the steps, whenever a busy machine gets to it. */
const patience = { timeout: 300_000, interval: 1 };

/** The cpu backend under the name of WebGPU, on which a synchronous read is an error while `training`. */
let training = false;

beforeAll(async () => {
  await useBackend('cpu');
  const factory = tf.findBackendFactory('cpu') as () => tf.KernelBackend;
  tf.copyRegisteredKernels('cpu', 'webgpu');
  tf.registerBackend('webgpu', () => {
    const backend = factory();
    const readSync = backend.readSync.bind(backend);
    // The backend's own read() and its kernels go through readSync; what must not is the engine.
    backend.read = (dataId) => Promise.resolve(readSync(dataId));
    return backend;
  });
  await tf.setBackend('webgpu');
  const engine = tf.engine() as unknown as { readSync: (dataId: object) => unknown };
  const readSync = engine.readSync.bind(engine);
  engine.readSync = (dataId) => {
    if (training) throw new Error('a synchronous read');
    return readSync(dataId);
  };
});

afterAll(async () => {
  delete (tf.engine() as unknown as { readSync?: unknown }).readSync;
  await tf.setBackend('cpu');
  tf.removeBackend('webgpu');
});

async function withoutSyncReads(f: () => Promise<void>): Promise<void> {
  training = true;
  try {
    await f();
  } finally {
    training = false;
  }
}

describe('where synchronous reads are not to be had', () => {
  it('directions are sought between the steps and serve as soon as they are found', async () => {
    const problem = quadratic([9, 7, 5, 1, 0.5, 0.3, 0.2, 0.1]);
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const optimizer = new NSGD({ learningRate: 0.01, k: 2, refreshEvery: 4, momentum: 0.5, trackEvery: 1 });
    await withoutSyncReads(async () => {
      tf.tidy(() => void optimizer.minimize(() => problem.loss(variables), true, variables));
      expect(optimizer.directions).toBeNull();
      await optimizer.settled();
      expect(optimizer.status).toBe('converged');
      for (let step = 0; step < 8; step++) {
        tf.tidy(() => void optimizer.minimize(() => problem.loss(variables), true, variables));
        await optimizer.settled();
      }
    });
    expect(optimizer.eigenvalues![0]).toBeCloseTo(9, 1);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(variables);
  });

  it('a disposed optimizer stops its search and frees what it held', async () => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const optimizer = new NSGD({ learningRate: 0.01, k: 2 });
    optimizer.minimize(() => problem.loss(variables), false, variables);
    optimizer.dispose();
    await vi.waitFor(() => expect(tf.memory().numTensors).toBe(before), patience);
    expect(optimizer.directions).toBeNull();
    tf.dispose(variables);
  });

  it('goes on with its search where directions from outside are refused', async () => {
    const problem = quadratic([9, 7, 5, 1, 0.5, 0.3, 0.2, 0.1]);
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.01, k: 2, refreshEvery: 4 });
    optimizer.minimize(() => problem.loss(variables), false, variables);
    const narrow = tf.eye(2, 3);
    expect(() => optimizer.setDirections(narrow)).toThrow(/directions of shape \[k, 8\]/);
    await optimizer.settled();
    expect(optimizer.status).toBe('converged');
    expect(optimizer.directions!.shape).toEqual([2, 8]);
    tf.dispose([narrow, ...variables]);
    optimizer.dispose();
  });

  it.each<[string, (optimizer: NSGD) => void]>([
    ['dispose', (optimizer) => optimizer.dispose()],
    ['setDirections(null)', (optimizer) => optimizer.setDirections(null)],
  ])('%s after the last read of a search, before its end, discards what it has found', async (_, stop) => {
    const problem = smallNet();
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const optimizer = new NSGD({ learningRate: 0.01, k: 2, refreshEvery: 4 });
    const { run } = HostWork.prototype;
    let hasStopped = false;
    HostWork.prototype.run = function (task) {
      const steps = (function* () {
        const found = yield* task.steps;
        queueMicrotask(() => {
          stop(optimizer);
          hasStopped = true;
        });
        return found;
      })();
      Reflect.apply(run, this, [{ ...task, steps }]);
    };
    try {
      optimizer.minimize(() => problem.loss(variables), false, variables);
      await vi.waitFor(() => expect(hasStopped).toBe(true), patience);
    } finally {
      HostWork.prototype.run = run;
    }
    await vi.waitFor(() => expect(tf.memory().numTensors).toBe(before), patience);
    expect([optimizer.directions, optimizer.status]).toEqual([null, 'none']);
    optimizer.dispose();
    tf.dispose(variables);
  });

  it('what goes wrong between the steps is thrown by the next', async () => {
    const variables = makeVariables(smallNet());
    const optimizer = new NSGD({ learningRate: 0.01, k: 1, refreshEvery: 0 });
    const size = readAll(variables).length;
    const skewed = randomRows(2, size, 1).map((row, i) => (i === 0 ? row : row.map((x) => 2 * x)));
    tf.tidy(() => optimizer.setDirections(tf.tensor2d(skewed)));
    const step = (): void => void optimizer.minimize(() => smallNet().loss(variables), false, variables);
    await vi.waitFor(() => expect(step).toThrow(/orthonormal rows/), patience);
    step();
    optimizer.dispose();

    const opaque = tf.customGrad((y, save) => {
      (save as tf.GradSaveFunc)([y as tf.Tensor]);
      return {
        value: tf.tidy(() => tf.square(y as tf.Tensor)),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
          tf.mul(dy, tf.tensor1d(Array.from(saved[0]!.dataSync(), (v) => 2 * v))),
      };
    });
    const x = tf.variable(tf.tensor1d([1, 2, 3]));
    const own = new NSGD({ learningRate: 0.01, k: 1 });
    expect(() => own.minimize(() => tf.sum(opaque(x)) as tf.Scalar, false, [x])).toThrow(
      DifferentiationError,
    );
    own.dispose();
    tf.dispose([x, ...variables]);
  });
});
