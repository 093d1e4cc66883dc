import * as tf from '@tensorflow/tfjs-core';
import { type OpCase, smooth } from '../op-case.js';

export const rearrangementCases: readonly OpCase[] = [
  { kernel: 'Reshape', inputs: [smooth(2, 3)], op: (x) => tf.reshape(x!, [3, 2]) },
  { kernel: 'ExpandDims', inputs: [smooth(2, 3)], op: (x) => tf.expandDims(x!, 1) },
  { kernel: 'Transpose', inputs: [smooth(2, 3, 2)], op: (x) => tf.transpose(x!, [2, 0, 1]) },
  { kernel: 'Slice', inputs: [smooth(3, 4)], op: (x) => tf.slice(x!, [1, 1], [2, 2]) },
  { kernel: 'Slice', setting: 'to the end', inputs: [smooth(3, 4)], op: (x) => tf.slice(x!, [1], [-1]) },
  { kernel: 'StridedSlice', inputs: [smooth(7, 3)], op: (x) => tf.stridedSlice(x!, [1, 0], [6, 3], [2, 2]) },
  {
    kernel: 'StridedSlice',
    setting: 'backwards, dropping an axis',
    inputs: [smooth(5, 3)],
    op: (x) => tf.stridedSlice(x!, [4, 1], [0, 2], [-2, 1], 0, 0, 0, 0, 2),
    truth: (x) =>
      tf.gatherND(
        x!,
        tf.tensor(
          [
            [4, 1],
            [2, 1],
          ],
          [2, 2],
          'int32',
        ),
      ),
  },
  {
    kernel: 'PadV2',
    inputs: [smooth(2, 2)],
    op: (x) =>
      tf.pad(
        x!,
        [
          [1, 0],
          [0, 2],
        ],
        0.5,
      ),
  },
  {
    kernel: 'MirrorPad',
    inputs: [smooth(3, 4)],
    op: (x) =>
      tf.mirrorPad(
        x!,
        [
          [1, 2],
          [2, 1],
        ],
        'reflect',
      ),
  },
  {
    kernel: 'MirrorPad',
    setting: 'symmetric',
    inputs: [smooth(3, 2)],
    op: (x) =>
      tf.mirrorPad(
        x!,
        [
          [3, 1],
          [0, 2],
        ],
        'symmetric',
      ),
  },
  { kernel: 'Concat', inputs: [smooth(2, 1), smooth(2, 3)], op: (a, b) => tf.concat([a!, b!, a!], -1) },
  { kernel: 'Pack', inputs: [smooth(2, 3), smooth(2, 3)], op: (a, b) => tf.stack([a!, b!], 1) },
  {
    kernel: 'Unpack',
    setting: 'with an output that is not used',
    inputs: [smooth(2, 3)],
    op: (x) => tf.mul(tf.unstack(x!, 1)[0]!, tf.unstack(x!, 1)[2]!),
  },
  { kernel: 'Unpack', setting: 'of one', inputs: [smooth(1, 3)], op: (x) => tf.unstack(x!, 0)[0]! },
  {
    kernel: 'SplitV',
    inputs: [smooth(2, 5)],
    op: (x) => {
      const [first, second] = tf.split(x!, [2, 3], 1);
      return tf.mul(first!, tf.slice(second!, [0, 1], [2, 2]));
    },
  },
  { kernel: 'Tile', inputs: [smooth(2, 3)], op: (x) => tf.tile(x!, [3, 2]) },
  {
    kernel: 'Tile',
    setting: 'of rank five',
    inputs: [smooth(1, 2, 1, 2, 1)],
    op: (x) => tf.tile(x!, [2, 1, 3, 2, 1]),
  },
  { kernel: 'broadcastTo', inputs: [smooth(2, 1)], op: (x) => tf.broadcastTo(x!, [3, 2, 4]) },
  { kernel: 'Reverse', inputs: [smooth(2, 3)], op: (x) => tf.mul(tf.reverse(x!, 1), x!) },
  {
    kernel: 'SpaceToBatchND',
    inputs: [smooth(1, 3, 4, 1)],
    op: (x) =>
      tf.spaceToBatchND(
        x!,
        [2, 2],
        [
          [1, 0],
          [0, 2],
        ],
      ),
  },
  {
    kernel: 'BatchToSpaceND',
    inputs: [smooth(4, 2, 2, 1)],
    op: (x) =>
      tf.batchToSpaceND(
        x!,
        [2, 2],
        [
          [1, 0],
          [0, 1],
        ],
      ),
  },
  { kernel: 'DepthToSpace', inputs: [smooth(2, 2, 1, 8)], op: (x) => tf.depthToSpace(x! as tf.Tensor4D, 2) },
  { kernel: 'Diag', inputs: [smooth(3)], op: (x) => tf.diag(x!) },
  {
    kernel: 'FlipLeftRight',
    inputs: [smooth(1, 2, 3, 1)],
    op: (x) => tf.image.flipLeftRight(x! as tf.Tensor4D),
  },
  { kernel: 'bandPart', inputs: [smooth(3, 3)], op: (x) => tf.linalg.bandPart(x!, 1, 0) },
  { kernel: 'squeeze', inputs: [smooth(1, 3, 1)], op: (x) => tf.squeeze(x!) },
];
