import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as curvature from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

type Package = typeof curvature;
type Target = curvature.ModelTarget;
type Hooks = Pick<curvature.RunOptions, 'onProgress'>;

/** The public functions that move parameters over many turns of the event loop. */
const moving = {
  stepDecomposition: (copy: Package, target: Target, hooks: Hooks) =>
    copy.stepDecomposition(target, { learningRate: 0.1, k: 1, batchSize: 4, minibatches: 2, ...hooks }),
  lossCrossSection: (copy: Package, target: Target, hooks: Hooks) =>
    copy.lossCrossSection(target, { scale: 0.5, k: 1, ...hooks }),
  escapeAblation: (copy: Package, target: Target, hooks: Hooks) =>
    copy.escapeAblation(target, { learningRate: 0.1, batchSize: 4, steps: 3, ...hooks }),
  noiseGrid: (copy: Package, target: Target, hooks: Hooks) =>
    copy.noiseGrid(target, { learningRates: [0.1], batchSizes: [4], steps: 4, measureEvery: 1, ...hooks }),
};
const all = {
  ...moving,
  gradientAlignment: (copy: Package, target: Target, hooks: Hooks) =>
    copy.gradientAlignment(target, { k: 1, batchSize: 4, minibatches: 4, ...hooks }),
};

interface Fixture {
  readonly model: tfl.LayersModel;
  readonly target: Target;
  readonly bits: () => Uint32Array[];
  dispose(): void;
}

function fixture(): Fixture {
  const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const layers = [
    tfl.layers.dense({ units: 3, activation: 'tanh', inputShape: [2], kernelInitializer: init(1) }),
    tfl.layers.dense({ units: 1, kernelInitializer: init(2) }),
  ];
  const model = tfl.sequential({ layers });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
  const [xs, ys] = [tf.randomNormal([8, 2], 0, 1, 'float32', 3), tf.randomNormal([8, 1], 0, 1, 'float32', 4)];
  return {
    model,
    target: { model, data: { xs, ys } },
    bits: () =>
      model.getWeights().map((weight) => new Uint32Array(Float32Array.from(weight.dataSync()).buffer)),
    dispose: () => {
      model.dispose();
      tf.dispose([xs, ys]);
    },
  };
}

const outcome = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'done',
    (error: Error) => {
      expect(error).toHaveProperty('name', 'CurvatureArgumentError');
      return error.message;
    },
  );

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

beforeEach(() => useBackend('cpu'));

describe.each(Object.keys(moving) as (keyof typeof moving)[])('%s', (holder) => {
  it('refuses the others by name while it runs, and none of them changes its numbers', async () => {
    const { model, target, bits, dispose } = fixture();
    const kernel = model.trainableWeights[0]!.read() as tf.Variable;
    const [before, { numTensors }] = [bits(), tf.memory()];
    const alone = await moving[holder](curvature, target, {});
    const run = moving[holder](curvature, target, {});
    await turns(20);
    for (const [name, start] of Object.entries(moving)) {
      expect(await outcome(start(curvature, target, {}))).toBe(
        `${name}: expected parameters that nobody else is moving, received '${kernel.name}', held by ${holder} until it ends`,
      );
    }
    expect(await run).toEqual(alone);
    expect(bits()).toEqual(before);
    expect(tf.memory().numTensors).toBe(numTensors);
    // It is over: everyone may move them again.
    await moving.noiseGrid(curvature, target, {});
    dispose();
  });
});

it('refuses across copies of the package, and finite differences too', async () => {
  vi.resetModules();
  const copy = (await import('../../../src/index.js')) as Package;
  expect(copy.escapeAblation).not.toBe(curvature.escapeAblation);
  const { target, dispose } = fixture();
  const objective = curvature.modelObjective(target.model, target.data);
  const hessian = new curvature.HessianOperator(objective, { method: 'finiteDifference' });
  const v = tf.ones([hessian.size]) as tf.Tensor1D;
  const run = moving.escapeAblation(copy, target, {});
  expect(await outcome(moving.escapeAblation(curvature, target, {}))).toMatch(
    /^escapeAblation: expected parameters that nobody else is moving, .* held by escapeAblation/,
  );
  expect(() => hessian.matvec(v)).toThrow(/^HessianOperator.matvec: .* held by escapeAblation/);
  await run;
  hessian.matvec(v).dispose();
  v.dispose();
  hessian.dispose();
  dispose();
});

describe.each(Object.entries(all))('%s beside model.fit', (name, start) => {
  it('leaves training bit for bit, and says that it has been overtaken', async () => {
    const train = async (beside: (target: Target) => Promise<unknown>) => {
      const { model, target, bits, dispose } = fixture();
      const { xs, ys } = target.data as { xs: tf.Tensor; ys: tf.Tensor };
      const other = beside(target);
      const settings = { epochs: 3, batchSize: 4, shuffle: false, verbose: 0 } as const;
      const { history } = await model.fit(xs, ys, settings);
      const result = { history, bits: bits(), other: await other, after: bits() };
      dispose();
      return result;
    };
    const alone = await train(() => Promise.resolve());
    const together = await train((target) => outcome(start(curvature, target, {})));
    expect(together.history).toEqual(alone.history);
    expect(together.bits).toEqual(alone.bits);
    expect(together.after).toEqual(alone.bits);
    expect(together.other).toMatch(
      new RegExp(`^${name}: expected parameters that stay as they are while it runs, received .* was kept$`),
    );
  });

  it('shows the model as it is at every report', async () => {
    const { target, bits, dispose } = fixture();
    const before = bits();
    let reports = 0;
    await start(curvature, target, {
      onProgress: () => {
        reports++;
        expect(bits()).toEqual(before);
      },
    });
    expect(reports).toBeGreaterThan(0);
    dispose();
  });

  it('keeps what a report assigns', async () => {
    const { model, target, bits, dispose } = fixture();
    const { numTensors } = tf.memory();
    const set = (): void => {
      const weights = model.getWeights().map((weight) => tf.onesLike(weight));
      model.setWeights(weights);
      tf.dispose(weights);
    };
    expect(await outcome(start(curvature, target, { onProgress: set }))).toMatch(
      new RegExp(`^${name}: .* assigned to meanwhile`),
    );
    expect(bits().every((weight) => weight.every((word) => word === 0x3f800000))).toBe(true);
    expect(tf.memory().numTensors).toBe(numTensors);
    dispose();
  });

  it('does not bring back a model that is disposed meanwhile', async () => {
    const { model, target } = fixture();
    const { numTensors } = tf.memory();
    const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const run = outcome(start(curvature, target, {}));
    await turns(20);
    model.dispose();
    expect(await run).toMatch(new RegExp(`^${name}: .*, received .*, disposed meanwhile$`));
    expect(weights.every(({ isDisposed }) => isDisposed)).toBe(true);
    expect(tf.memory().numTensors).toBe(numTensors - weights.length);
    tf.dispose([target.data.xs as tf.Tensor, target.data.ys as tf.Tensor]);
  });
});
