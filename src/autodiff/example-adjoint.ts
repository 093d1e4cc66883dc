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
 * Whether a use makes a part of a weight: what comes of it meets the examples later, in an input that serves all of them alike.
 * Then no axis of it counts examples, whatever its size.
 *
 * @param isSource whether an input of a node is a variable, which brings no examples
 */
export function isPartOfWeight(
  use: ValueUse,
  nodes: readonly TapeNode[],
  examples: number,
  isSource: (node: TapeNode, input: string) => boolean,
): boolean {
  const reached = new Set(use.node.outputs.map(({ id }) => id));
  return nodes.some((node) => {
    const { inputs, outputs, context } = node;
    const own = Object.keys(inputs).filter((input) => reached.has(inputs[input]!.id));
    if (own.length === 0) return false;
    for (const { id } of outputs) reached.add(id);
    // Tensors that are stacked are of one kind: none of them brings examples to the others.
    if (context == null || node.name === 'Pack') return false;
    const { shapes } = context;
    const { length: rank, 0: rows } = outputs[0]!.shape;
    const isMatrix = (input: string): boolean =>
      input === 'filter' || (input === 'b' && node.name.endsWith('MatMul') && shapes.b!.length === 2);
    const hasRows = (input: string): boolean =>
      shapes[input]!.length === rank && shapes[input]![0] === rows && !isMatrix(input);
    const brings = (input: string): boolean =>
      shapes[input]![0] === rows && !own.includes(input) && !isSource(node, input);
    return rows! % examples === 0 && !own.some(hasRows) && Object.keys(shapes).some(brings);
  });
}

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
