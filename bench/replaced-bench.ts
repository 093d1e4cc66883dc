import * as tf from '@tensorflow/tfjs-core';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { now } from './clock.js';
import { interleave, ratio, spread, type Contender, type Rounds } from './interleave.js';

/** Kernels that stock WASM has too, at a size of M4 (128 × 64) or M2 (128 × 32 × 32 × 32): own ones have to earn it. */
function ops(): [string, number, () => unknown][] {
  const [a, b, bias] = [tf.randomNormal([128, 64]), tf.randomNormal([128, 64]), tf.randomNormal([64])];
  const image = tf.randomNormal([128, 32, 32, 32]) as tf.Tensor4D;
  const [twin, channels] = [tf.randomNormal(image.shape), tf.randomNormal([32])];
  const pooled = tf.randomNormal([128, 16, 16, 32]) as tf.Tensor4D;
  const volume = tf.randomNormal([8, 12, 12, 12, 8]) as tf.Tensor5D;
  const filter = tf.randomNormal([3, 3, 3, 8, 8]) as tf.Tensor5D;
  const [table, words] = [tf.randomNormal([10_000, 64]), tf.randomUniform([128, 20], 0, 10_000, 'int32')];
  const [numbers, places] = [tf.randomNormal([100_000]), tf.randomUniform([2560], 0, 100_000, 'int32')];
  const column = tf.randomNormal([128, 1]);
  const one = tf.scalar(1);
  const few = tf.tensor1d([3, 60, 3, 17], 'int32');
  const maxGrad = tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'));
  const avgGrad = tf.grad((x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid'));
  const conv3d = tf.grads((x: tf.Tensor, w: tf.Tensor) =>
    tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'),
  );
  return [
    ['multiply 128×64', 200, () => tf.mul(a, b)],
    ['add a bias to 128×64', 200, () => tf.add(a, bias)],
    ['subtract 128×64', 200, () => tf.sub(a, b)],
    ['subtract 128×64 from a number', 200, () => tf.sub(one, a)],
    ['tanh 128×64', 100, () => tf.tanh(a)],
    ['slice 16 columns of 128×64', 100, () => tf.slice(a, [0, 16], [128, 16])],
    ['split 128×64 in 4', 50, () => tf.split(a, 4, 1)],
    ['concatenate two 128×64', 50, () => tf.concat([a, b], 1)],
    ['unstack 128×64', 10, () => tf.unstack(a)],
    ['tile 128×1 to 128×64', 50, () => tf.tile(column, [1, 64])],
    ['gather 4 rows of 128×64', 100, () => tf.gather(a, few)],
    ['gather 4 columns of 128×64', 100, () => tf.gather(a, few, 1)],
    ['gather 128×20 rows of 10000×64', 20, () => tf.gather(table, words)],
    ['gather 2560 of 100000 numbers', 50, () => tf.gather(numbers, places)],
    ['add a bias to 4 M', 3, () => tf.add(image, channels)],
    ['multiply 4 M', 3, () => tf.mul(image, twin)],
    ['sum 4 M over leading axes', 2, () => tf.sum(image, [0, 1, 2])],
    ['sum all of 4 M', 2, () => tf.sum(image)],
    ['identity of 4 M', 3, () => tf.engine().runKernel('Identity', { x: image })],
    ['forward and gradient of maxPool 2 × 2', 2, () => maxGrad(image, pooled)],
    ['forward and gradient of avgPool 2 × 2', 2, () => avgGrad(image, pooled)],
    ['forward and gradients of conv3d', 1, () => conv3d([volume, filter])],
  ];
}

export async function benchReplaced(rounds: number): Promise<Rounds> {
  const timed = (repeats: number, op: () => unknown) => {
    // Kernels have just changed hands: let the engine compile the way to them before the clock starts.
    for (let i = 0; i < repeats; i++) tf.tidy(() => void op());
    const start = now();
    for (let i = 0; i < repeats; i++) tf.tidy(() => void op());
    return (now() - start) / repeats;
  };
  let undo: (() => void) | null = await registerWasmTrainingKernels();
  const use = async (own: boolean) => {
    if (own) undo ??= await registerWasmTrainingKernels();
    else {
      undo?.();
      undo = null;
    }
  };
  // All own kernels in a row, then all stock ones: users do not switch, and a call site that has seen both is slower.
  const table = ops();
  const contenders = [true, false].flatMap((own) =>
    table.map(([name, repeats, op]): Contender => ({
      name: own ? name : `stock ${name}`,
      run: async () => {
        await use(own);
        return timed(repeats, op);
      },
    })),
  );
  const times = await interleave(contenders, rounds);
  await use(true);
  return times;
}

/** Microseconds of own and stock kernels, and their ratio. */
export function replacedTable(times: Rounds): string[] {
  const micros = (name: string) => (1000 * spread(times.get(name) ?? []).median).toPrecision(3);
  const lines = ['| op | own µs | stock µs | stock ÷ own |', '|---|---|---|---|'];
  for (const name of times.keys()) {
    const gain = ratio(times, `stock ${name}`, name);
    if (gain === null) continue;
    const cell = `${gain.median.toPrecision(3)} (${gain.low.toPrecision(3)}–${gain.high.toPrecision(3)})`;
    lines.push(`| ${name} | ${micros(name)} | ${micros(`stock ${name}`)} | ${cell} |`);
  }
  return lines;
}
