import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineInternals } from '../../src/tfjs/engine.js';
import { useBackend } from '../wasm-backend.js';
import { reliedOn } from './relied-on.js';

interface Engine extends ReturnType<typeof engineInternals> {
  readonly backendName: string | null;
  readonly registeredVariables: Record<string, tf.Variable>;
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeScope: { name: string; track: Tensor[] } | null;
    activeTape: { saved?: Tensor[]; kernelName: string }[] | null;
    scopeStack: { name: string }[];
    tensorInfo: WeakMap<
      object,
      { backend: { incRef(dataId: object): void; refCount(dataId: object): number } }
    >;
  };
}

const engine = (): Engine => engineInternals() as unknown as Engine;

/** Runs `f` with members of the engine replaced, and puts them back. */
function replacing<T>(members: Record<string, unknown>, f: () => T): T {
  const object = tf.engine() as unknown as Record<string, unknown>;
  Object.assign(object, members);
  try {
    return f();
  } finally {
    for (const name of Object.keys(members)) delete object[name];
  }
}

/** What a method of the engine is called with while `f` runs. */
function callsOf(method: string, f: () => void): unknown[][] {
  const own = Reflect.get(tf.engine(), method) as (...args: unknown[]) => unknown;
  const calls: unknown[][] = [];
  const watching = (...args: unknown[]): unknown => {
    calls.push(args);
    return own.apply(tf.engine(), args);
  };
  replacing({ [method]: watching }, f);
  return calls;
}

let x: tf.Tensor1D;
let tensors: number;
beforeEach(async () => {
  await useBackend('cpu');
  x = tf.tensor1d([0.5, -1]);
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  x.dispose();
});

it('is the version that all of this was found out from; with another one, read on', () => {
  expect(tf.version_core).toMatch(/^4\.22\./);
});

describe('how the engine runs kernels', () => {
  reliedOn(
    'tfjs/engine.ts',
    'runKernel hands a kernel to runKernelFunc by name, inputs and attributes',
    () => {
      const calls = callsOf('runKernelFunc', () => tf.tidy(() => void tf.sum(x, 0)));
      expect(calls).toEqual([[{ kernelName: 'Sum', inputs: { x }, attrs: { axis: 0, keepDims: false } }]]);
    },
  );

  reliedOn('tfjs/patches.ts', 'its methods are those of its class, not its own', () => {
    const own = ['runKernel', 'runKernelFunc', 'gradients', 'isTapeOn', 'readSync', 'clone', 'keep'].filter(
      (name) => Object.hasOwn(tf.engine(), name),
    );
    expect(own).toEqual([]);
  });

  reliedOn('tfjs/engine.ts', 'ops ask the engine for runKernel anew at each call', () => {
    const calls = callsOf('runKernel', () => tf.tidy(() => void tf.square(x)));
    expect(calls.map(([name]) => name)).toEqual(['Square']);
  });

  reliedOn(
    'autodiff/custom-gradient.ts',
    'tf.customGrad hands runKernelFunc two functions and the inputs',
    () => {
      const op = tf.customGrad((y) => ({ value: tf.square(y as Tensor), gradFunc: (dy) => dy as Tensor }));
      const calls = callsOf('runKernelFunc', () => tf.tidy(() => void op(x)));
      const [call] = calls[0] as [Record<string, unknown>];
      expect(Object.keys(call)).toEqual(['forwardFunc', 'backwardsFunc', 'inputs']);
      expect(Object.values(call.inputs as object)).toEqual([x]);
    },
  );

  reliedOn(
    'autodiff/recorder.ts',
    'kernelDepth is 0 outside and more inside of what runs a custom gradient',
    () => {
      const depths: number[] = [];
      const op = tf.customGrad((y) => {
        depths.push(engine().state.kernelDepth);
        return { value: tf.square(y as Tensor), gradFunc: (dy) => dy as Tensor };
      });
      tf.tidy(() => void op(x));
      expect([engine().state.kernelDepth, ...depths]).toEqual([0, 1]);
    },
  );

  reliedOn(
    'autodiff/recorder.ts',
    'dataSync reads by readSync of the engine, with the data of the tensor',
    () => {
      expect(callsOf('readSync', () => void x.dataSync())).toEqual([[x.dataId]]);
    },
  );

  reliedOn('tfjs/missing-kernel.ts', 'a missing kernel is told by its name and the backend', () => {
    expect(() => engine().runKernel('NoSuchKernel', {})).toThrow(
      "Kernel 'NoSuchKernel' not registered for backend 'cpu'",
    );
  });
});

describe('how the engine differentiates', () => {
  reliedOn('tfjs/engine.ts', 'tf.grad goes by gradients(f, xs, dy) and counts gradientDepth', () => {
    const depths: number[] = [];
    const cube = (y: Tensor): Tensor => {
      depths.push(engine().state.gradientDepth, Number(engine().isTapeOn()));
      return tf.pow(y, 3);
    };
    const calls = callsOf('gradients', () => tf.dispose(tf.grad(cube)(x)));
    const [f, xs, dy] = calls[0]!;
    expect([typeof f, xs, dy]).toEqual(['function', [x], null]);
    expect(depths).toEqual([1, 1]);
    expect([engine().state.gradientDepth, engine().isTapeOn()]).toEqual([0, false]);
  });

  reliedOn(
    'tfjs/stock-tape-release.ts',
    'activeTape holds nodes with what they have saved; a throw leaves it',
    () => {
      const throwing = (): Tensor => {
        tf.square(x);
        throw new Error('meanwhile');
      };
      expect(() => tf.grad(throwing)(x)).toThrow('meanwhile');
      const { state } = engine();
      expect(state.activeTape!.map(({ kernelName }) => kernelName)).toContain('Square');
      const saved = state.activeTape!.flatMap((node) => node.saved ?? []);
      expect(saved.length).toBeGreaterThan(0);
      for (const tensor of saved) tensor.dispose();
      state.activeTape = null;
    },
  );

  reliedOn(
    'tfjs/stock-tape-release.ts',
    'the engine saves by clone and keep of its own; tf.clone runs a kernel',
    () => {
      const gradient = (): void => tf.dispose(tf.grad((y) => tf.exp(y))(x));
      expect(callsOf('clone', gradient).length).toBeGreaterThan(0);
      expect(callsOf('keep', gradient).length).toBeGreaterThan(0);
      expect(callsOf('clone', () => tf.dispose(tf.clone(x)))).toEqual([]);
    },
  );

  reliedOn('autodiff/recorder.ts', 'its tape is still wrong in the second derivative of x tanh x', () => {
    const f = (y: Tensor): Tensor => tf.mul(y, tf.tanh(y));
    const second = tf.tidy(() =>
      tf
        .grad((y) => tf.grad(f)(y))(x)
        .dataSync(),
    );
    // (x tanh x)″ = 2 (1 - t²) (1 - x t) with t = tanh x
    const t = Math.tanh(0.5);
    expect(Math.abs(second[0]! - 2 * (1 - t * t) * (1 - 0.5 * t))).toBeGreaterThan(0.1);
  });

  reliedOn('tfjs/engine.ts', 'importing tfjs-layers registers the gradients', () => {
    expect(tf.getGradient('Sum')).toBeDefined();
  });
});

describe('how the engine holds tensors', () => {
  reliedOn('tfjs/engine.ts', 'memory is counted: a second tensor over it keeps it alive', () => {
    const original = tf.tensor1d([3, 4]);
    const { dataId } = original;
    engine().state.tensorInfo.get(dataId)!.backend.incRef(dataId);
    const alias = engine().makeTensorFromTensorInfo({ dataId, shape: [2, 1], dtype: 'float32' });
    original.dispose();
    expect(Array.from(alias.dataSync())).toEqual([3, 4]);
    alias.dispose();
    expect(engine().state.tensorInfo.has(dataId)).toBe(false);
  });

  reliedOn('tfjs/engine.ts', 'a kept tensor that is tracked again goes with the scope', () => {
    const tensor = tf.keep(tf.tensor1d([1]));
    expect(tensor.kept).toBe(true);
    tf.tidy(() => {
      tensor.kept = false;
      engine().track(tensor);
    });
    expect(tensor.isDisposed).toBe(true);
  });

  reliedOn('tfjs/engine.ts', 'dataId may be exchanged', () => {
    const [a, b] = [tf.tensor1d([1]), tf.tensor1d([2])];
    [a.dataId, b.dataId] = [b.dataId, a.dataId];
    expect([a.dataSync()[0], b.dataSync()[0]]).toEqual([2, 1]);
    tf.dispose([a, b]);
  });

  reliedOn('tfjs/run-scope.ts', 'a scope has a name and tracks what is made in it', () => {
    engine().tidy('a name', () => {
      const made = tf.tensor1d([1]);
      const { name, track } = engine().state.activeScope!;
      expect(name).toBe('a name');
      expect(track).toEqual([made]);
    });
  });

  reliedOn('tfjs/scope-guard.ts', 'scopeStack holds the scopes that are open, the innermost last', () => {
    tf.engine().startScope('outer');
    tf.engine().startScope('inner');
    expect(
      engine()
        .state.scopeStack.map(({ name }) => name)
        .slice(-2),
    ).toEqual(['outer', 'inner']);
    tf.engine().endScope();
    tf.engine().endScope();
  });

  reliedOn('tfjs/engine.ts', 'variables are registered by name', () => {
    const w = tf.variable(x, true, 'contract/w');
    expect(engine().registeredVariables['contract/w']).toBe(w);
    w.dispose();
    expect(engine().registeredVariables['contract/w']).toBeUndefined();
  });

  reliedOn('autodiff/value-table.ts', 'ids of tensors are counted upwards', () => {
    const before = engine().nextTensorId();
    const tensor = tf.tensor1d([1]);
    expect(tensor.id).toBeGreaterThan(before);
    expect(engine().nextTensorId()).toBeGreaterThan(tensor.id);
    tensor.dispose();
  });

  reliedOn('tfjs/lost-resource.ts', 'where the current backend is removed, backendName is null', async () => {
    tf.registerBackend('for a while', () => tf.findBackendFactory('cpu')() as tf.KernelBackend);
    await tf.setBackend('for a while');
    const lost = tf.tensor1d([1]);
    tf.removeBackend('for a while');
    const { backendName } = engine();
    await useBackend('cpu');
    expect([lost.isDisposed, backendName]).toEqual([false, null]);
    lost.dispose();
  });
});

describe('what is random or assigned', () => {
  reliedOn('tfjs/patches.ts', 'dropout takes its seed from Math.random', () => {
    const { random } = Math;
    Math.random = () => 0.25;
    try {
      const ones = tf.ones([100]);
      const [a, b] = [tf.dropout(ones, 0.5), tf.dropout(ones, 0.5)];
      expect(a.dataSync()).toEqual(b.dataSync());
      tf.dispose([ones, a, b]);
    } finally {
      Math.random = random;
    }
  });
});
