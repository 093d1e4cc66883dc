import * as tf from '@tensorflow/tfjs-core';
import { linearize } from '../src/autodiff/linearize.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { interleave, repeated, type Contender, type Rounds } from './interleave.js';
import { startJax } from './jax.js';
import type { BenchModel } from './models.js';
import type { TorchWorker } from './torch.js';

/** Runs of the short models per reading. */
const REPEATS: Readonly<Record<BenchModel['name'], number>> = { M1: 9, M2: 1, M3: 1, M4: 3 };

/** Milliseconds for which a model runs untimed after a change of threads: several gradients of all but the largest. */
const SETTLING = 300;

/** What is timed on more than one thread, and beside PyTorch on as many. */
const THREADED = ['gradient', 'hvp-kept'];

/**
 * Everything timed of one model, interleaved. Stock wasm has no filter gradient: M2 and M3 lack that column.
 *
 * @param counts numbers of threads, 1 among them
 */
export async function benchModel(
  model: BenchModel,
  torch: readonly TorchWorker[],
  rounds: number,
  counts: readonly number[],
): Promise<Rounds> {
  const repeats = REPEATS[model.name];
  const { loss, variables } = model;
  let undo = await registerWasmTrainingKernels({ threads: Math.max(...counts) });
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  const direction = tf.keep(tf.randomNormal([size], 0, 1, 'float32', 7)) as tf.Tensor1D;
  const kept = linearize(loss, variables);

  const gradient = () => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose([value, ...Object.values(grads)]);
  };
  const runs: Record<string, () => void> = {
    forward: () => tf.tidy(() => void loss()),
    gradient,
    'hvp-kept': () => kept.hvp(direction).dispose(),
    'hvp-rebuilt': () => {
      const fresh = linearize(loss, variables);
      fresh.hvp(direction).dispose();
      fresh.dispose();
    },
  };
  /** Threads are added and ended between readings, so that those that are compared lie side by side in time. */
  const on = (threads: number, what: string): Contender['run'] => {
    const timed = repeated(repeats, runs[what]!);
    return async () => {
      undo = await registerWasmTrainingKernels({ threads });
      // New helpers compile what they run, and the engine compiles anew what called functions without them.
      const until = performance.now() + (counts.length > 1 ? SETTLING : 0);
      while (performance.now() < until) runs[what]!();
      return timed();
    };
  };
  const contenders = Object.keys(runs).map((what): Contender => ({ name: what, run: on(1, what) }));
  for (const threads of counts.filter((count) => count > 1)) {
    for (const what of THREADED) contenders.push({ name: `${what} ${threads}`, run: on(threads, what) });
  }
  if (model.name === 'M1' || model.name === 'M4') {
    const timeGradient = repeated(Math.ceil(repeats / 3), gradient);
    contenders.push({
      name: 'stock gradient',
      run: () => {
        undo();
        return timeGradient();
      },
    });
  }
  for (const worker of torch) {
    const { instructions, threads } = worker;
    const all = instructions === 'native' && threads === 1;
    for (const what of all ? Object.keys(runs) : THREADED) {
      contenders.push({
        name: `${instructions}${threads} ${what}`,
        run: () => worker.time(model.name, what, repeats),
      });
    }
  }
  const jax = model.name === 'M1' ? await startJax() : null;
  if (jax !== null) {
    contenders.push({ name: 'jax gradient', run: () => jax.gradient() });
    contenders.push({ name: 'jax jvp(grad)', run: () => jax.jvpOfGradient() });
    contenders.push({ name: 'jax linearize', run: () => jax.linearized() });
  }
  const times = await interleave(contenders, rounds);
  kept.dispose();
  direction.dispose();
  return times;
}
