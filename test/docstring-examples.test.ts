import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import ts from 'typescript';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as curvature from '../src/index.js';
import { SeededRandom } from '../src/random.js';
import * as natsEntry from '../src/nats/index.js';
import * as plotEntry from '../src/plot/index.js';
import * as wasmEntry from '../src/wasm/index.js';
import * as workersEntry from '../src/workers/index.js';
import type { Example } from './docstring-examples.js';
import { docstringExamples } from './docstring-examples.js';
import { openLab } from './nats/lab.js';
import { isLeftOut } from './nats/nats-server.js';
import { useBackend } from './wasm-backend.js';

/*
 * Every `@example` of src runs, its types taken off, beside TensorFlow.js's core, layers and the cpu backend alone. What
 * an example may take as given, besides all that the package exports and its SeededRandom:
 *
 *   tf, tfl      @tensorflow/tfjs-core and -layers
 *   model        a compiled classifier of 4 numbers into 3 classes, whose last layer is called 'logits'
 *   xs, ys       24 examples for it, targets one-hot
 *   workerpool, script   the package of that name, here within this process, and the script of a worker
 *   connection   in nats/: to a NATS server with two workers of the group 'lab'
 *
 * Imports are left out: what they bring is there. That the types are right is tested in test/types.
 */

/** The part of workerpool that the examples use, without threads. */
const workerpool = {
  worker: (functions: object): void =>
    expect(Object.values(functions).every((f) => typeof f === 'function')).toBe(true),
  pool: (): { exec(method: string, args: unknown[]): unknown; terminate(): void } => {
    const service = workersEntry.createShardService() as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    return {
      exec: (method, args) => service[method]!(...args),
      // A thread takes its tensors with it.
      terminate: () => void service.dispose!(),
    };
  },
};

/** Runs in a block of its own: names that an example declares are its own, also where it gives them their value. */
async function run(code: string, given: Readonly<Record<string, unknown>>): Promise<void> {
  const body = ts.transpile(code, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext });
  const make = Object.getPrototypeOf(run).constructor as new (
    ...args: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new make(...Object.keys(given), `'use strict'; {\n${body}\n}`)(...Object.values(given));
}

let model: LayersModel;
let given: Record<string, unknown>;

beforeEach(async () => {
  await useBackend('cpu');
  vi.spyOn(console, 'log').mockImplementation(() => {});
  const seeded = (seed: number) => tfl.initializers.glorotNormal({ seed });
  model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 5, inputShape: [4], activation: 'tanh', kernelInitializer: seeded(1) }),
      tfl.layers.dense({ units: 3, activation: 'softmax', name: 'logits', kernelInitializer: seeded(2) }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  const xs = tf.randomNormal([24, 4], 0, 1, 'float32', 3);
  const ys = tf.tensor2d(Array.from({ length: 24 }, (_, i) => [0, 1, 2].map((j) => Number(i % 3 === j))));
  given = {
    ...curvature,
    ...wasmEntry,
    ...workersEntry,
    ...natsEntry,
    ...plotEntry,
    SeededRandom,
    tf,
    tfl,
    model,
    xs,
    ys,
    workerpool,
    script: 'worker.js',
  };
});

afterEach(() => {
  vi.restoreAllMocks();
  tf.disposeVariables();
});

const all = docstringExamples();

it('finds the examples', () => {
  expect(all.length).toBeGreaterThan(50);
});

// What patches TensorFlow.js for good comes last: no other example is to need it.
const isPatch = ({ place }: Example): boolean => place.startsWith('chained-ops');
const onNats = all.filter(({ place }) => place.startsWith('nats/'));
const here = all.filter((example) => !onNats.includes(example));
it.each([...here.filter((example) => !isPatch(example)), ...here.filter(isPatch)])(
  'runs $place',
  ({ code }) => run(code, given),
);

it.skipIf(isLeftOut).each(onNats)('runs $place', async ({ code }) => {
  const { connection, dispose } = await openLab();
  try {
    await run(code, { ...given, connection });
  } finally {
    await dispose();
  }
});
