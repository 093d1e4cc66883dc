import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { between, type InputSpec, type OpCase, positive, signed, smooth } from '../op-case.js';

type Binary = (a: Tensor, b: Tensor) => Tensor;

/** The op on operands of one shape, with either broadcast, and with both. */
function binary(kernel: string, op: Binary, a: (...shape: number[]) => InputSpec, b = a): OpCase[] {
  const shapes: [string, number[], number[]][] = [
    ['of one shape', [2, 3], [2, 3]],
    ['with a row and a column', [3], [2, 1]],
    ['with a scalar', [2, 3], []],
  ];
  return shapes.map(([setting, left, right]) => ({
    kernel,
    setting,
    inputs: [a(...left), b(...right)],
    op: (x, y) => op(x!, y!),
  }));
}

/** Values well above and well below those of `small`, in turn. */
const apart = (...shape: number[]): InputSpec => ({
  shape,
  values: (i) => (i % 2 === 0 ? 1.5 : -1.5) + 0.1 * i,
});
const small = (...shape: number[]): InputSpec => between(-0.3, 0.3, ...shape);

export const arithmeticCases: readonly OpCase[] = [
  ...binary('Add', tf.add, smooth),
  ...binary('Sub', tf.sub, smooth),
  ...binary('Multiply', tf.mul, smooth),
  ...binary('RealDiv', tf.div, smooth, (...shape) => between(0.8, 1.6, ...shape)),
  ...binary('SquaredDifference', tf.squaredDifference, smooth),
  ...binary('Maximum', tf.maximum, apart, small),
  ...binary('Minimum', tf.minimum, apart, small),
  ...binary('Pow', tf.pow, positive, positive),
  ...binary('Atan2', tf.atan2, positive),
  ...binary(
    'Mod',
    tf.mod,
    (...shape) => between(1.45, 1.55, ...shape),
    (...shape) => between(0.95, 1.05, ...shape),
  ),
  {
    kernel: 'Pow',
    setting: 'of negative numbers to a whole power',
    inputs: [signed(6)],
    op: (x) => tf.add(tf.pow(x!, 3), tf.pow(x!, 2)),
  },
  {
    kernel: 'Pow',
    setting: 'x¹ and x² at zero',
    inputs: [{ shape: [4], values: (i) => (i < 2 ? 0 : 0.7) }],
    op: (x) => tf.add(tf.pow(x!, 1), tf.pow(x!, 2)),
  },
  { kernel: 'AddN', inputs: [smooth(3), smooth(3)], op: (a, b) => tf.addN([a!, b!, a!]) },
  {
    kernel: 'FloorDiv',
    setting: 'carries nothing',
    inputs: [between(1.45, 1.55, 4), between(0.95, 1.05, 4)],
    op: (a, b) => tf.mul(tf.floorDiv(a!, b!), tf.add(a!, b!)),
  },
  {
    kernel: 'Floor',
    setting: 'and its kin carry nothing',
    inputs: [between(1.15, 1.35, 4)],
    op: (x) => tf.mul(x!, tf.addN([tf.floor(x!), tf.ceil(x!), tf.round(x!), tf.sign(x!)])),
  },
  {
    kernel: 'Cast',
    setting: 'to the same type',
    inputs: [smooth(4)],
    op: (x) => tf.engine().runKernel('Cast', { x: x! }, { dtype: 'float32' }),
  },
  {
    kernel: 'Cast',
    setting: 'through whole numbers carries nothing',
    inputs: [between(1.2, 1.4, 4)],
    op: (x) => tf.mul(x!, tf.add(1, tf.cast(tf.cast(x!, 'int32'), 'float32'))),
  },
];
