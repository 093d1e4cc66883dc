// Pooling and depthwise convolutions of tfjs-curvature/wasm beside stock TensorFlow.js, each kernel alone.
//
//   node --import tsx bench/pooling.ts
//
// Prints rows of docs/benchmarks-kernels.md: the fastest of 15 turns, the two kernels taking turns.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';

const TURNS = 15;
/** A turn repeats its kernel until it has taken this long, in milliseconds. */
const TURN_MS = 4;

interface Row {
  kernel: string;
  x: number[];
  window: number;
  stride: number;
  pad: 'same' | 'valid';
  multiplier?: number;
}

const pooled: Omit<Row, 'kernel'>[] = [
  { x: [64, 28, 28, 32], window: 2, stride: 2, pad: 'valid' },
  { x: [64, 28, 28, 6], window: 2, stride: 2, pad: 'valid' },
  { x: [64, 28, 28, 1], window: 2, stride: 2, pad: 'valid' },
  { x: [64, 28, 28, 3], window: 3, stride: 2, pad: 'same' },
  { x: [16, 32, 32, 64], window: 3, stride: 2, pad: 'same' },
  { x: [32, 7, 7, 256], window: 7, stride: 1, pad: 'valid' },
];
const rows: Row[] = [
  ...['MaxPool', 'AvgPool'].flatMap((kernel) => pooled.map((row) => ({ kernel, ...row }))),
  { kernel: 'MaxPool3D', x: [2, 12, 12, 12, 8], window: 3, stride: 2, pad: 'same' },
  { kernel: 'AvgPool3D', x: [2, 12, 12, 12, 8], window: 3, stride: 2, pad: 'same' },
  { kernel: 'DepthwiseConv2dNative', x: [8, 56, 56, 32], window: 3, stride: 1, pad: 'same' },
  { kernel: 'DepthwiseConv2dNative', x: [8, 56, 56, 64], window: 3, stride: 2, pad: 'same' },
  { kernel: 'DepthwiseConv2dNative', x: [8, 28, 28, 32], window: 5, stride: 1, pad: 'same' },
  { kernel: 'DepthwiseConv2dNative', x: [32, 28, 28, 3], window: 3, stride: 1, pad: 'same', multiplier: 4 },
  { kernel: 'DepthwiseConv2dNative', x: [32, 28, 28, 3], window: 3, stride: 1, pad: 'same' },
];

await tf.setBackend('wasm');
const names = [...new Set(rows.map(({ kernel }) => kernel))];
const kernels = () => new Map(names.map((name) => [name, tf.getKernel(name, 'wasm')!]));
const stock = kernels();
await registerWasmTrainingKernels();
const own = kernels();
const backend = tf.backend();

function milliseconds(
  config: tf.KernelConfig,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
  times: number,
) {
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    const { dataId } = config.kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
    backend.disposeData(dataId);
  }
  return (performance.now() - start) / times;
}

console.log('| kernel | input | window, stride | stock µs | µs | times as fast |\n|---|---|---|---|---|---|');
for (const { kernel, x, window, stride, pad, multiplier = 1 } of rows) {
  const sides = (value: number) => x.slice(1, -1).map(() => value);
  const image = tf.randomNormal(x, 0, 1, 'float32', 1);
  const filter = tf.randomNormal([window, window, x.at(-1)!, multiplier], 0, 1, 'float32', 2);
  const inputs = { x: image, filter };
  const attrs = { filterSize: sides(window), strides: sides(stride), pad, dilations: sides(1) };
  const [before, after] = [stock.get(kernel)!, own.get(kernel)!];
  let times = 1;
  while (milliseconds(after, inputs, attrs, times) * times < TURN_MS) times *= 2;
  const best = [Infinity, Infinity];
  for (let turn = 0; turn < TURNS; turn++) {
    [before, after].forEach((config, i) => {
      best[i] = Math.min(best[i]!, 1000 * milliseconds(config, inputs, attrs, times));
    });
  }
  const [theirs, ours] = best as [number, number];
  const what = multiplier === 1 ? kernel : `${kernel}, ${multiplier} filters`;
  const cells = [
    what,
    `[${x}]`,
    `${window}, ${stride}`,
    theirs.toFixed(1),
    ours.toFixed(1),
    (theirs / ours).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  tf.dispose([image, filter]);
}
