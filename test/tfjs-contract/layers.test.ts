import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, vi } from 'vitest';
import { useBackend } from '../wasm-backend.js';
import { reliedOn } from './relied-on.js';

beforeAll(() => useBackend('cpu'));

/** Private members, by name. */
type Members = Record<string, unknown>;
const membersOf = (object: object): Members => object as unknown as Members;
const prototypeOf = (type: { prototype: unknown }): Record<string, (...args: unknown[]) => unknown> =>
  type.prototype as Record<string, (...args: unknown[]) => unknown>;

function smallModel(): tfl.Sequential {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 2, inputShape: [3], kernelRegularizer: 'l1l2' }),
      tfl.layers.batchNormalization(),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  return model;
}

describe('what a model keeps', () => {
  reliedOn(
    'tfjs/layers-internals.ts',
    'loss as given, lossFunctions by output, model in a Sequential',
    () => {
      const model = smallModel();
      expect(membersOf(model).loss).toBe('meanSquaredError');
      const wrapped = membersOf(model).model as object;
      expect(wrapped).toBeInstanceOf(tfl.LayersModel);
      expect(membersOf(model).lossFunctions).toBeUndefined();
      expect(membersOf(wrapped).lossFunctions).toEqual([expect.any(Function)]);
      model.dispose();
    },
  );

  reliedOn('tfjs/layers-internals.ts', 'calculateLosses gives the terms of the regularisers', () => {
    const model = smallModel();
    const wrapped = membersOf(model).model as { calculateLosses(): Tensor[] };
    expect(tf.tidy(() => wrapped.calculateLosses().length)).toBe(1);
    model.dispose();
  });

  reliedOn(
    'optimizers/directed-optimizer.ts',
    'fit hands minimize the loss, true and the variables',
    async () => {
      const model = smallModel();
      const minimize = vi.spyOn(model.optimizer, 'minimize');
      const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];
      await model.fit(x, y, { epochs: 1, verbose: 0 });
      const [f, returnCost, variables] = minimize.mock.calls[0]!;
      expect([typeof f, returnCost]).toEqual(['function', true]);
      // The kernel and bias of the dense layer, scale and offset of the normalisation.
      expect(variables).toHaveLength(4);
      model.dispose();
      tf.dispose([x, y]);
    },
  );
});

describe('how layers run', () => {
  reliedOn('tfjs/patches.ts', 'each runs by apply of the class Layer, and makes weights by addWeight', () => {
    const prototype = prototypeOf(tfl.layers.Layer);
    const weight = vi.spyOn(prototype, 'addWeight');
    const apply = vi.spyOn(prototype, 'apply');
    const model = smallModel();
    expect(weight.mock.calls.map(([name, shape]) => [name, shape])).toEqual([
      ['kernel', [3, 2]],
      ['bias', [2]],
      ['gamma', [2]],
      ['beta', [2]],
      ['moving_mean', [2]],
      ['moving_variance', [2]],
    ]);
    apply.mockClear();
    tf.tidy(() => void model.apply(tf.ones([1, 3])));
    const names = apply.mock.contexts.map((layer) => (layer as { name: string }).name);
    for (const layer of model.layers) expect(names).toContain(layer.name);
    weight.mockRestore();
    apply.mockRestore();
    model.dispose();
  });

  reliedOn('tfjs/patches.ts', 'moving averages are assigned by Variable.prototype.assign', () => {
    const model = smallModel();
    const assign = vi.spyOn(tf.Variable.prototype, 'assign').mockImplementation(() => {});
    tf.tidy(() => void model.apply(tf.ones([2, 3]), { training: true }));
    expect(assign).toHaveBeenCalledTimes(2);
    assign.mockRestore();
    model.dispose();
  });

  reliedOn(
    'tfjs/stateful-layers.ts',
    'a stateful layer hands its new states to resetStates and keeps states_',
    () => {
      const layer = tfl.layers.simpleRNN({
        units: 2,
        stateful: true,
        batchInputShape: [1, 3, 1],
        recurrentInitializer: 'glorotUniform',
      });
      const model = tfl.sequential({ layers: [layer] });
      expect(membersOf(layer).stateful).toBe(true);
      const reset = vi.spyOn(prototypeOf(tfl.RNN), 'resetStates');
      tf.tidy(() => void model.predict(tf.ones([1, 3, 1])));
      const states = reset.mock.calls.at(-1)![0] as Tensor[];
      expect(states.map(({ shape }) => shape)).toEqual([[1, 2]]);
      expect((membersOf(layer).states_ as Tensor[]).map(({ shape }) => shape)).toEqual([[1, 2]]);
      reset.mockRestore();
      model.dispose();
    },
  );

  reliedOn('tfjs/stateful-layers.ts', 'wrappers hold theirs as layer, forwardLayer and backwardLayer', () => {
    const wrapped = tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 1 }) });
    expect(membersOf(wrapped).layer).toBeInstanceOf(tfl.layers.Layer);
    const cell = tfl.layers.simpleRNN({ units: 1 }) as tfl.RNN;
    const both = tfl.layers.bidirectional({ layer: cell, mergeMode: 'concat' });
    expect(membersOf(both).forwardLayer).toBeInstanceOf(tfl.RNN);
    expect(membersOf(both).backwardLayer).toBeInstanceOf(tfl.RNN);
  });
});

describe('what layers call', () => {
  reliedOn('tfjs/chained-ops.ts', 'ops as methods of tensors, which core alone does not give them', () => {
    const layer = tfl.layers.simpleRNN({ units: 2, inputShape: [3, 1], recurrentInitializer: 'orthogonal' });
    expect(() => tfl.sequential({ layers: [layer] })).toThrow(/flatten is not a function/);
  });
});

describe('how callbacks are called', () => {
  reliedOn('tfjs/patches.ts', 'a list of callbacks calls setParams of each, which plain hooks lack', () => {
    const list = new tfl.CallbackList([new tfl.CustomCallback({}), { onEpochEnd: () => {} } as never]);
    expect(() => list.setParams({ epochs: 1 })).toThrow(/setParams is not a function/);
  });
});
