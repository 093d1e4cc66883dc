// node --experimental-wasm-relaxed-simd --import tsx bench/pinn.ts [--rounds 15] [--steps 20] [--cpu]
// An Adam step of the net of examples/pinn, −u″ = π² sin πx, whose loss holds a second derivative: by
// registerExactGradients on the WASM backend, and the same from the same weights in jax-js, compiled, on its own.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import { poissonProblem } from '../examples/pinn/poisson.js';
import { registerExactGradients } from '../src/index.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { now, setClock } from './clock.js';
import type { Contender } from './interleave.js';
import { interleave, ratio, spread } from './interleave.js';
import { loadJax } from './jax.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    steps: { type: 'string', default: '20' },
    /** Times of this process instead of the clock on the wall: for a machine that is busy with other things. */
    cpu: { type: 'boolean', default: false },
  },
});
if (values.cpu) setClock('cpu');
const [rounds, steps] = [Number(values.rounds), Number(values.steps)];
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

const [points, units] = [64, 32];
const [rate, beta1, beta2, epsilon] = [1e-3, 0.9, 0.999, 1e-7];

interface Trainer {
  step(): Promise<void>;
  loss(): number;
}

function ours(): Trainer & { readonly weights: readonly (readonly [Float32Array, number[]])[] } {
  const { variables, loss } = poissonProblem(points, units, 1);
  const weights = variables.map(
    (variable) => [variable.dataSync<'float32'>().slice(), variable.shape] as const,
  );
  const adam = tf.train.adam(rate, beta1, beta2, epsilon);
  return {
    weights,
    step: async () => void adam.minimize(loss, false, variables),
    loss: () => tf.tidy(() => loss().dataSync()[0]!),
  };
}

/** The same in jax-js, which hands arrays over to what uses them: `ref` keeps one. */
async function jaxTrainer(start: ReturnType<typeof ours>['weights']): Promise<Trainer | null> {
  const jax = await loadJax();
  if (jax === null) return null;
  const { numpy: np, tree, grad, jit } = jax;
  type JaxArray = InstanceType<typeof jax.Array>;

  const x = np.linspace(0, 1, points).reshape([points, 1]);
  const source = np.sin(x.ref.mul(Math.PI)).mul(Math.PI ** 2);
  const ends = np.array([0, 1]).reshape([2, 1]);
  const net = (weights: JaxArray[], at: JaxArray): JaxArray => {
    const [w1, b1, w2, b2, w3, b3] = weights as [JaxArray, JaxArray, JaxArray, JaxArray, JaxArray, JaxArray];
    const first = np.tanh(np.dot(at, w1).add(b1));
    return np.dot(np.tanh(np.dot(first, w2).add(b2)), w3).add(b3);
  };
  const loss = (weights: JaxArray[]): JaxArray => {
    const slope = grad((t: JaxArray) => net(tree.ref(weights), t).sum());
    const residual = grad((t: JaxArray) => slope(t).sum())(x.ref).add(source.ref);
    const atEnds = net(weights, ends.ref);
    return residual.ref.mul(residual).mean().add(atEnds.ref.mul(atEnds).sum().mul(100));
  };
  type State = {
    weights: JaxArray[];
    means: JaxArray[];
    squares: JaxArray[];
    powers: JaxArray[];
  };
  const update = jit(({ weights, means, squares, powers: [power1, power2] }: State): State => {
    const gradients = grad(loss)(tree.ref(weights));
    const next = [power1!.mul(beta1), power2!.mul(beta2)] as const;
    const [bias1, bias2] = next.map((power) => power.ref.mul(-1).add(1)) as [JaxArray, JaxArray];
    const state: State = { weights: [], means: [], squares: [], powers: [...next] };
    gradients.forEach((gradient, i) => {
      const mean = means[i]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
      const square = squares[i]!.mul(beta2).add(gradient.ref.mul(gradient).mul(1 - beta2));
      const scaled = np.sqrt(square.ref.div(bias2.ref)).add(epsilon);
      state.weights.push(weights[i]!.sub(mean.ref.div(bias1.ref).div(scaled).mul(rate)));
      state.means.push(mean);
      state.squares.push(square);
    });
    bias1.dispose();
    bias2.dispose();
    return state;
  });
  const zeros = (): JaxArray[] => start.map(([, shape]) => np.zeros(shape));
  let state: State = {
    weights: start.map(([data, shape]) => np.array(data).reshape(shape)),
    means: zeros(),
    squares: zeros(),
    powers: [np.array(1), np.array(1)],
  };
  return {
    step: async () => {
      state = update(state) as State;
      await jax.blockUntilReady(state);
    },
    loss: () => loss(tree.ref(state.weights)).js() as number,
  };
}

/** Milliseconds of one step, the median of some in a row. */
function timed(name: string, { step }: Trainer): Contender {
  const run = async (): Promise<number> => {
    const readings: number[] = [];
    for (let i = 0; i < steps; i++) {
      const start = now();
      await step();
      readings.push(now() - start);
    }
    return spread(readings).median;
  };
  return { name, run };
}

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
registerExactGradients();
const own = ours();
const jax = await jaxTrainer(own.weights);
const trainers = Object.entries({ ours: own, 'jax-js': jax }).flatMap(([name, trainer]) =>
  trainer === null ? [] : [{ name, trainer, loss: trainer.loss() }],
);
const times = await interleave(
  trainers.map(({ name, trainer }) => timed(name, trainer)),
  rounds,
);
print('| an Adam step of the Poisson net | ms (quartiles) | loss before the first |\n|---|---|---|');
for (const { name, loss } of trainers) {
  const { median, low, high } = spread(times.get(name)!);
  print(`| ${name} | ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) | ${loss.toFixed(4)} |`);
}
const factor = ratio(times, 'jax-js', 'ours');
print(
  factor === null
    ? '\n@jax-js/jax is not installed'
    : `\njax-js ÷ ours: ${factor.median.toFixed(2)} (${factor.low.toFixed(2)}–${factor.high.toFixed(2)})`,
);
// jax-js keeps worker threads alive.
process.exit(0);
