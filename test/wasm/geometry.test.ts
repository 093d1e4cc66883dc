import fc from 'fast-check';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

type Pair = [number, number];
type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

/** A window over an image and how it moves. Strides or dilations are 1, as tfjs demands. */
interface Geometry {
  readonly batch: number;
  readonly sides: Pair;
  readonly channels: number;
  readonly taps: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pad: Pad;
  readonly rounding: 'floor' | 'round' | 'ceil' | undefined;
  readonly filters: number;
}

const upTo = (max: number) => fc.integer({ min: 1, max });
const pair = (value: fc.Arbitrary<number>) => fc.tuple(value, value);

/** Pads by name, by number and by side, of the last two with every rounding mode. */
const padding = fc.oneof(
  fc.record({ pad: fc.constantFrom<Pad>('same', 'valid'), rounding: fc.constant(undefined) }),
  fc.record({
    pad: fc.oneof<fc.Arbitrary<Pad>[]>(
      fc.nat({ max: 3 }),
      fc
        .tuple(pair(fc.nat({ max: 3 })), pair(fc.nat({ max: 3 })))
        .map(([rows, cols]) => [[0, 0], rows, cols, [0, 0]] as tf.backend_util.ExplicitPadding),
    ),
    rounding: fc.constantFrom('floor' as const, 'round' as const, 'ceil' as const, undefined),
  }),
);

const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    batch: upTo(2),
    sides: pair(upTo(11)),
    channels: upTo(9),
    taps: pair(upTo(4)),
    steps: pair(upTo(3)),
    dilated: fc.boolean(),
    padding,
    filters: upTo(5),
  })
  .map(({ steps, dilated, padding: { pad, rounding }, ...rest }) => ({
    ...rest,
    strides: dilated ? ([1, 1] as Pair) : steps,
    dilations: dilated ? steps : ([1, 1] as Pair),
    pad,
    rounding,
  }))
  .filter(({ sides, taps, dilations, pad }) =>
    ([0, 1] as const).every((i) => {
      const [before, after] =
        typeof pad === 'number' ? [pad, pad] : typeof pad === 'string' ? [0, 0] : pad[i + 1]!;
      return sides[i] + before + after > (taps[i] - 1) * dilations[i] || pad === 'same';
    }),
  );

const image = ({ batch, sides, channels }: Geometry) => sample([batch, ...sides, channels], 1) as tf.Tensor4D;

/** What the kernel of a gradient says, by its name: tfjs has no gradients of dilated convolutions to ask. */
function run(name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}

const withoutDilation = (g: Geometry): Geometry => ({ ...g, dilations: [1, 1] });

/** Each row computes something by our kernels and by cpu's; `terms` bounds the products summed into one element. */
const table: {
  what: string;
  seed: number;
  terms: (g: Geometry) => number;
  f: (g: Geometry) => tf.Tensor[];
}[] = [
  {
    what: 'conv2d',
    seed: 21,
    terms: (g) => g.taps[0] * g.taps[1] * g.channels,
    f: (g) => {
      const w = sample([...g.taps, g.channels, g.filters], 2) as tf.Tensor4D;
      return [tf.conv2d(image(g), w, g.strides, g.pad, 'NHWC', g.dilations, g.rounding)];
    },
  },
  {
    what: 'both gradients of conv2d',
    seed: 22,
    terms: (g) => Math.max(g.batch * g.sides[0] * g.sides[1], g.taps[0] * g.taps[1] * g.filters) * 4,
    f: (geometry) => {
      const g = withoutDilation(geometry);
      const [x, w] = [image(g), sample([...g.taps, g.channels, g.filters], 2) as tf.Tensor4D];
      const { shape } = tf.conv2d(x, w, g.strides, g.pad, 'NHWC', 1);
      const attrs = { strides: g.strides, pad: g.pad, dataFormat: 'NHWC' };
      const dy = sample(shape, 3);
      return [
        run('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: w.shape }),
        run('Conv2DBackpropInput', { dy, filter: w }, { ...attrs, inputShape: x.shape }),
      ];
    },
  },
  {
    what: 'depthwiseConv2d',
    seed: 23,
    terms: (g) => g.taps[0] * g.taps[1],
    f: (g) => {
      const w = sample([...g.taps, g.channels, (g.filters % 3) + 1], 2) as tf.Tensor4D;
      return [tf.depthwiseConv2d(image(g), w, g.strides, g.pad, 'NHWC', g.dilations, g.rounding)];
    },
  },
  {
    what: 'both gradients of depthwiseConv2d',
    seed: 24,
    terms: (g) => g.batch * g.sides[0] * g.sides[1] * 4,
    f: (geometry) => {
      const g = withoutDilation(geometry);
      const w = sample([...g.taps, g.channels, (g.filters % 3) + 1], 2) as tf.Tensor4D;
      const conv = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, g.strides, g.pad);
      const x = image(g);
      return tf.grads(conv)([x, w], sample(conv(x, w).shape, 3));
    },
  },
  {
    what: 'maxPool and avgPool',
    seed: 25,
    terms: () => 1,
    f: (g) => [
      tf.maxPool(image(g), g.taps, g.strides, g.pad, g.rounding),
      tf.avgPool(image(g), g.taps, g.strides, g.pad, g.rounding),
    ],
  },
  {
    what: 'the gradient of maxPool',
    seed: 26,
    terms: (g) => g.taps[0] * g.taps[1],
    f: (g) => {
      // Rounding left out: tfjs does not hand it to the gradient, and cpu's is then wrong.
      const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, g.taps, g.strides, g.pad);
      const x = image(g);
      return [tf.grad(pool)(x, sample(pool(x).shape, 2))];
    },
  },
];

describe('over random shapes, strides, dilations, pads and roundings wasm agrees with cpu', () => {
  test.each(table)('$what', async ({ seed, terms, f }) => {
    await fc.assert(
      fc.asyncProperty(geometries, async (g) => expectSame(() => f(g), terms(g))),
      { seed, numRuns: 60 },
    );
  });

  test('maxPool3d and avgPool3d', async () => {
    const three = (value: fc.Arbitrary<number>) => fc.tuple(value, value, value);
    const volumes = fc.record({
      batch: upTo(2),
      sides: three(upTo(7)),
      channels: upTo(6),
      taps: three(upTo(3)),
      strides: three(upTo(3)),
      pad: fc.constantFrom('same' as const, 'valid' as const, 0, 1, 2),
      rounding: fc.constantFrom('floor' as const, 'round' as const, 'ceil' as const),
    });
    await fc.assert(
      fc.asyncProperty(volumes, async ({ batch, sides, channels, taps, strides, pad, rounding }) => {
        const before = typeof pad === 'number' ? 2 * pad : 0;
        fc.pre(pad === 'same' || sides.every((side, i) => side + before >= taps[i]!));
        const mode = typeof pad === 'number' ? rounding : undefined;
        await expectSame(() => {
          const x = tf.sub(sample([batch, ...sides, channels], 1), 0.5) as tf.Tensor5D;
          return [tf.maxPool3d(x, taps, strides, pad, mode), tf.avgPool3d(x, taps, strides, pad, mode)];
        }, 1);
      }),
      { seed: 27, numRuns: 40 },
    );
  });
});

describe('outputs that are a fraction', () => {
  test.each([
    { pool: 'max' as const, expected: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
    { pool: 'avg' as const, expected: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
  ])('$pool pooling of [2, 2, 3], filter 1, stride 2, pad 1', async ({ pool, expected }) => {
    await useBackend('wasm');
    const x = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 2, 3]);
    const y = tf.pool(x, [1, 1], pool, 1, 1, [2, 2]);
    expect([...y.dataSync()]).toEqual(expected);
    tf.dispose([x, y]);
  });

  test.each(['maxPool', 'avgPool'] as const)('the gradient of %s where they are rounded up', async (name) => {
    await useBackend('wasm');
    const pool = (x: tf.Tensor) => tf[name](x as tf.Tensor4D, 2, 2, 0, 'ceil');
    // The windows hold [1, 2], [3, 4] and [5].
    const [x, dy] = [tf.tensor4d([1, 2, 3, 4, 5], [1, 1, 5, 1]), tf.tensor4d([10, 20, 30], [1, 1, 3, 1])];
    const row = tf.tidy(() =>
      tf.grad(pool)(tf.concat([x, tf.fill([1, 1, 5, 1], -1)], 1), tf.reshape(dy, [1, 1, 3, 1])),
    );
    const expected = name === 'maxPool' ? [0, 10, 0, 20, 30] : [2.5, 2.5, 5, 5, 15];
    expect([...row.dataSync()].slice(0, 5)).toEqual(expected);
    tf.dispose([x, dy, row]);
  });

  // Windows begin at -1, 2 and 5 of seven cells in each direction, and take two cells.
  test.each([
    { pool: 'max' as const, expected: [0, 3, 6, 21, 24, 27, 42, 45, 48] },
    { pool: 'avg' as const, expected: [0, 2.5, 5.5, 17.5, 20, 23, 38.5, 41, 44] },
  ])('$pool pooling of 7 × 7, filter 2, stride 3, pad 1', async ({ pool, expected }) => {
    await useBackend('wasm');
    const x = tf.reshape(tf.range(0, 49), [1, 7, 7, 1]) as tf.Tensor4D;
    const y = tf.pool(x, [2, 2], pool, 1, 1, [3, 3]);
    expect(y.shape).toEqual([1, 3, 3, 1]);
    expect([...y.dataSync()]).toEqual(expected);
    tf.dispose([x, y]);
  });
});
