import type { Tensor } from '@tensorflow/tfjs-core';
import { slice } from '@tensorflow/tfjs-core';
import type { TapeNode } from './tape.js';
import type { ValueUse } from './value-uses.js';

/**
 * Kernels that treat one example like another: for each input that may be a variable, the inputs that bring the examples, which
 * are counted by their first axis and by that of the output.
 */
const examplesOf: Readonly<Record<string, readonly string[]>> = {
  'Conv2DBackpropInput filter': ['dy'],
  'Conv3D filter': ['x'],
  'Conv3DBackpropInputV2 filter': ['dy'],
  'DepthwiseConv2dNative filter': ['x'],
  'FusedBatchNorm offset': ['x'],
  'FusedBatchNorm scale': ['x'],
  'GatherV2 x': ['indices'],
  'Multiply a': ['b'],
  'Multiply b': ['a'],
  'Prelu alpha': ['x'],
};

/**
 * Whether the adjoint of a variable at one of its uses can be had example by example.
 *
 * @param later the nodes that lie between the use and the outputs
 */
export function isExampleWise(
  { node, input, shape }: ValueUse,
  later: readonly TapeNode[],
  examples: number,
): boolean {
  const carriers = examplesOf[`${node.name} ${input}`];
  if (carriers == null || node.context == null) return false;
  const { shapes, attrs } = node.context;
  const [output] = node.outputs;
  const rows = output!.shape[0];
  const isBroadcast = node.name !== 'Multiply' || shape.length < output!.shape.length || shape[0] === 1;
  // A shape that does not count the examples is one that they are joined in.
  const areApart = [node, ...later].every(({ outputs }) =>
    outputs.every((value) => value.shape.length > 0 && value.shape[0]! % examples === 0),
  );
  const isAlongFirst = carriers.every((name) => shapes[name]![0] === rows);
  const isAlongRows = node.name !== 'GatherV2' || (attrs.axis === 0 && attrs.batchDims === 0);
  return isBroadcast && areApart && isAlongFirst && isAlongRows;
}

/**
 * The adjoint of a variable at one use, from one example alone.
 *
 * @param dy adjoint of the output
 * @param i number of the example
 */
export function exampleAdjoint({ node, input }: ValueUse, dy: Tensor, i: number, examples: number): Tensor {
  const rule = node.rule!;
  const context = node.context!;
  const rows = dy.shape[0]!;
  const size = rows / examples;
  const own = (tensor: Tensor): Tensor => slice(tensor, i * size, size);
  const carriers = examplesOf[`${node.name} ${input}`]!;
  const inputs = { ...context.inputs };
  const shapes = { ...context.shapes };
  for (const name of carriers) {
    if (inputs[name] != null) inputs[name] = own(inputs[name]);
    shapes[name] = [size, ...shapes[name]!.slice(1)];
  }
  const ownDy = own(dy);
  const adjoints = rule.pullback({
    ...context,
    inputs,
    shapes,
    constants: context.constants.map(own),
    derived: [],
    dy: ownDy,
    dys: [ownDy],
  });
  return adjoints[input]!();
}
