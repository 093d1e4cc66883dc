import * as tf from '@tensorflow/tfjs-core';
import { linearize } from '../src/autodiff/linearize.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { interleave, repeated, type Contender, type Rounds } from './interleave.js';
import { startJax } from './jax.js';
import type { BenchModel } from './models.js';
import type { TorchWorker } from './torch.js';

/** Runs of the short models per reading. */
const REPEATS: Readonly<Record<BenchModel['name'], number>> = { M1: 9, M2: 1, M3: 1, M4: 3 };

/** Everything timed of one model, interleaved. Stock wasm has no filter gradient: M2 and M3 lack that column. */
export async function benchModel(
  model: BenchModel,
  torch: readonly TorchWorker[],
  rounds: number,
): Promise<Rounds> {
  const repeats = REPEATS[model.name];
  const { loss, variables } = model;
  let undo = await registerWasmTrainingKernels();
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  const direction = tf.keep(tf.randomNormal([size], 0, 1, 'float32', 7)) as tf.Tensor1D;
  const kept = linearize(loss, variables);

  const gradient = () => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose([value, ...Object.values(grads)]);
  };
  const contenders: Contender[] = [
    { name: 'forward', run: repeated(repeats, () => tf.tidy(() => void loss())) },
    { name: 'gradient', run: repeated(repeats, gradient) },
    { name: 'hvp-kept', run: repeated(repeats, () => kept.hvp(direction).dispose()) },
    {
      name: 'hvp-rebuilt',
      run: repeated(repeats, () => {
        const fresh = linearize(loss, variables);
        fresh.hvp(direction).dispose();
        fresh.dispose();
      }),
    },
  ];
  if (model.name === 'M1' || model.name === 'M4') {
    const timeGradient = repeated(Math.ceil(repeats / 3), gradient);
    contenders.push({
      name: 'stock gradient',
      run: async () => {
        undo();
        try {
          return timeGradient();
        } finally {
          undo = await registerWasmTrainingKernels();
        }
      },
    });
  }
  for (const worker of torch) {
    for (const what of ['forward', 'gradient', 'hvp-kept', 'hvp-rebuilt']) {
      // Two threads are only told for the gradient.
      if (worker.threads > 1 && what !== 'gradient') continue;
      contenders.push({
        name: `torch${worker.threads} ${what}`,
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
