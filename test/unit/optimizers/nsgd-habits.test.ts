import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { explainMissingKernels } from '../../../src/tfjs/missing-kernel.js';
import { DifferentiationError, modelObjective, NSGD, refreshDirections } from '../../../src/index.js';
import { DirectionTracker } from '../../../src/optimizers/direction-tracker.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

// How public projects call an optimizer.

let tensors: number;
let warn: ReturnType<typeof vi.spyOn>;

beforeEach(async () => {
  await useBackend('cpu');
  warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  tensors = tf.memory().numTensors;
});

afterEach(() => {
  vi.restoreAllMocks();
  expect(tf.memory().numTensors).toBe(tensors);
});

/** What NSGD has said; TensorFlow.js says things of its own. */
function warnings(): string[] {
  return warn.mock.calls
    .map((call: unknown[]) => String(call[0]))
    .filter((text: string) => text.startsWith('NSGD'));
}

function makePolicy(): tfl.LayersModel {
  const init = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotUniform({ seed }) });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 4, inputShape: [4], activation: 'elu', ...init(1) }),
      tfl.layers.dense({ units: 1, ...init(2) }),
    ],
  });
}

/** One way to take gradients: that of tf.variableGrads. */
type TakeGradients = (f: () => tf.Scalar) => { value: tf.Scalar; grads: tf.NamedTensorMap };

/**
 * Policy gradients as for the cart and pole: at each step of a game the gradient of the cross-entropy of the action
 * taken, kept; after the game their mean, weighted by the rewards to come, to applyGradients.
 */
function playGames(
  games: number,
  policy: tfl.LayersModel,
  optimizer: tf.Optimizer,
  take: TakeGradients,
): void {
  for (let game = 0; game < games; game++) {
    const steps = 5;
    const kept: tf.NamedTensorMap[] = [];
    for (let step = 0; step < steps; step++) {
      tf.tidy(() => {
        const state = tf.randomNormal([1, 4], 0, 1, 'float32', 10 * game + step + 1);
        const action = (game + step) % 2;
        const loss = (): tf.Scalar =>
          tf.tidy(() => {
            const logits = policy.predict(state) as tf.Tensor;
            return tf.losses.sigmoidCrossEntropy(tf.tensor2d([[action]]), logits) as tf.Scalar;
          });
        const { grads } = take(loss);
        kept.push(Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, tf.keep(grad)])));
      });
    }
    tf.tidy(() => {
      const names = Object.keys(kept[0]!);
      const mean = names.map((name): [string, tf.Tensor] => {
        const weighted = kept.map((grads, step) => tf.mul(grads[name]!, (steps - step) / steps));
        return [name, tf.mean(tf.stack(weighted), 0)];
      });
      optimizer.applyGradients(Object.fromEntries(mean));
    });
    tf.dispose(kept);
  }
}

describe('tf.variableGrads and applyGradients', () => {
  it('says once that there is no loss to find directions from, and the way out', () => {
    const policy = makePolicy();
    const optimizer = new NSGD({ learningRate: 0.05, k: 2 });
    expect(optimizer.isNudging).toBe(false);
    playGames(4, policy, optimizer, (f) => tf.variableGrads(f));
    const said = warnings();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('optimizer.computeGradients(f, vars) in place of tf.variableGrads');
    expect(optimizer.status).toBe('none');
    expect(optimizer.isNudging).toBe(false);
    optimizer.dispose();
    policy.dispose();
  });

  it('finds them with computeGradients in its place', () => {
    const policy = makePolicy();
    const optimizer = new NSGD({ learningRate: 0.05, k: 2 });
    const variables = policy.trainableWeights.map((weight) => weight.read() as tf.Variable);
    playGames(4, policy, optimizer, (f) => optimizer.computeGradients(f, variables));
    expect(warnings()).toEqual([]);
    expect(optimizer.isNudging).toBe(true);
    expect(optimizer.directions?.shape).toEqual([2, 25]);
    optimizer.dispose();
    policy.dispose();
  });

  it.each<[string, ConstructorParameters<typeof NSGD>[0]]>([
    ['γ = 1', { learningRate: 0.05, gamma: 1 }],
    ['directions from outside', { learningRate: 0.05, refreshEvery: 0 }],
    ['burn-in', { learningRate: 0.05, burnIn: 9 }],
  ])('is silent where none are sought: %s', (_, options) => {
    const policy = makePolicy();
    const optimizer = new NSGD(options);
    playGames(2, policy, optimizer, (f) => tf.variableGrads(f));
    expect(warnings()).toEqual([]);
    expect(optimizer.isNudging).toBe(false);
    optimizer.dispose();
    policy.dispose();
  });
});

describe('isNudging', () => {
  it('is true only when the next step nudges', () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const loss = (): tf.Scalar => tf.tidy(() => tf.sum(tf.mul(tf.square(w), tf.tensor1d([3, 2, 1]))));
    const optimizer = new NSGD({
      learningRate: 0.01,
      k: 1,
      burnIn: 1,
      gamma: (step) => (step < 3 ? 0.1 : 1),
    });
    const seen = [0, 1, 2, 3].map(() => {
      const before = optimizer.isNudging;
      optimizer.minimize(loss, false, [w]);
      return [before, optimizer.wantsDirections];
    });
    // The first is burn-in, the second finds directions, the third uses them, from then on γ = 1.
    expect(seen).toEqual([
      [false, true],
      [false, true],
      [true, false],
      [false, false],
    ]);
    optimizer.setGamma(0.5);
    expect(optimizer.isNudging).toBe(true);
    optimizer.setDirections(null);
    expect(optimizer.isNudging).toBe(false);
    optimizer.dispose();
    w.dispose();
  });
});

describe('searchBudget', () => {
  /** Trains forty steps, in each of which a search is due and the loss takes 10 ms; 90 more where it is searched. */
  const train = (searchBudget: number | null): { searches: number[]; putOff: number } => {
    let clock = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const optimizer = new NSGD({ learningRate: 0.001, k: 1, refreshEvery: 1, searchBudget });
    const searches: number[] = [];
    for (let step = 0; step < 40; step++) {
      const before = optimizer.directions;
      const loss = (): tf.Scalar => {
        clock += 10;
        return tf.tidy(() => {
          return tf.sum(tf.pow(w, 4));
        });
      };
      const { search } = DirectionTracker.prototype;
      const spy = vi.spyOn(DirectionTracker.prototype, 'search').mockImplementation(function (
        this: DirectionTracker,
        ...args
      ) {
        searches.push(step);
        return search.call(
          this,
          () => {
            clock += 90;
            return args[0]();
          },
          args[1],
          args[2],
        );
      });
      optimizer.minimize(loss, false, [w]);
      spy.mockRestore();
      expect(before === null).toBe(step === 0);
    }
    const { putOff } = optimizer;
    optimizer.dispose();
    w.dispose();
    return { searches, putOff };
  };

  it('has no limit by default', () => {
    expect(train(null)).toEqual({ searches: Array.from({ length: 40 }, (_, step) => step), putOff: 0 });
  });

  it('keeps the searches to their share of the time, and counts those it has put off', () => {
    // A search takes 100 ms, another step 10. By half of the time one may begin where spent + 100 <= (elapsed + 100) / 2:
    // the second at 300 ms, 20 steps after the first; the third at 500, 10 after the second; the fourth at 700.
    const { searches, putOff } = train(0.5);
    expect(searches).toEqual([0, 21, 32]);
    expect(putOff).toBe(3);
  });

  it.each([0, -1, 1.5, NaN, '0.5'])('refuses %s', (searchBudget) => {
    expect(() => new NSGD({ learningRate: 1, searchBudget: searchBudget as number })).toThrow(
      /NSGD: expected a number searchBudget > 0 and <= 1, or null, received/,
    );
  });

  it('is saved with the other settings', () => {
    const optimizer = new NSGD({ learningRate: 1, searchBudget: 0.2 });
    expect(optimizer.getConfig().searchBudget).toBe(0.2);
    optimizer.dispose();
  });
});

it('trains a model of fewer parameters than the default k, along all directions', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1] })] });
  const optimizer = new NSGD({ learningRate: 0.01 });
  expect(optimizer.k).toBe(5);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const [xs, ys] = [tf.linspace(0, 1, 6), tf.ones([6])];
  await model.fit(xs, ys, { epochs: 1, verbose: 0 });
  expect(optimizer.k).toBe(2);
  expect(optimizer.directions?.shape).toEqual([2, 2]);
  expect(optimizer.getConfig().k).toBe(null);
  const sampled = new NSGD({ learningRate: 0.01, refreshEvery: 0 });
  const refresh = refreshDirections(sampled, modelObjective(model, { xs, ys }));
  await refresh.onEpochBegin!(0);
  expect(sampled.directions?.shape).toEqual([2, 2]);
  tf.dispose([xs, ys]);
  sampled.dispose();
  optimizer.dispose();
  model.dispose();
});

it('takes what is assigned to learningRate and gamma, as its setters do, and refuses it for k', () => {
  const optimizer = new NSGD({ learningRate: 0.1 });
  optimizer.learningRate = 0.5;
  optimizer.gamma = (step) => step + 3;
  expect([optimizer.learningRate, optimizer.gamma]).toEqual([0.5, 3]);
  expect(() => (optimizer.learningRate = NaN)).toThrow(/NSGD.setLearningRate: .* received NaN/);
  expect(() => Object.assign(optimizer, { k: 9 })).toThrow(/NSGD: expected k as an option: .* received 9/);
  optimizer.dispose();
});

describe('plain WASM, which lacks kernels of training', () => {
  /** The weights after two steps of fit with γ = 1: those of SGD. */
  const train = async (backend: 'cpu' | 'wasm'): Promise<number[]> => {
    await useBackend(backend);
    tensors = tf.memory().numTensors;
    const init = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotUniform({ seed }) });
    const model = tfl.sequential({
      layers: [
        tfl.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1], ...init(1) }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 1, ...init(2) }),
      ],
    });
    const optimizer = new NSGD({ learningRate: 0.01, gamma: 1 });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const [xs, ys] = [tf.randomNormal([4, 6, 6, 1], 0, 1, 'float32', 3), tf.ones([4, 1])];
    await model.fit(xs, ys, { epochs: 2, verbose: 0 });
    const weights = model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));
    tf.dispose([xs, ys]);
    optimizer.dispose();
    model.dispose();
    return weights;
  };

  it('trains a convolution all the same: the kernels are put together from others', async () => {
    expect(relativeError(await train('wasm'), await train('cpu'))).toBeLessThan(1e-5);
  });

  it('says which function brings the kernels, where one is asked for that is not there', async () => {
    await useBackend('wasm');
    tensors = tf.memory().numTensors;
    const [x, dy] = [tf.ones([1, 4, 4, 1]), tf.ones([1, 2, 2, 1])];
    const attrs = { strides: 1, pad: 'valid', dataFormat: 'NHWC', filterShape: [3, 3, 1, 1] };
    const missing = (): unknown =>
      explainMissingKernels(() => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs as never));
    expect(missing).toThrow(DifferentiationError);
    expect(missing).toThrow(/^Conv2DBackpropFilter: .* Call await registerWasmTrainingKernels\(\)/);
    tf.dispose([x, dy]);
  });
});
