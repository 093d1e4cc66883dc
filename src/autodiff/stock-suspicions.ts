import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { abs, cast, equal, greater, reshape, sub, sum, util } from '@tensorflow/tfjs-core';
import type { KernelCall } from './engine.js';
import type { TapeNode } from './tape.js';

/** Kernels whose gradient in TensorFlow.js is that of another function. */
const differentRules = new Set(['MirrorPad']);

/** Whether TensorFlow.js differentiates a node as something else than it is, whatever its values. */
export function isDifferentRule({ name }: TapeNode): boolean {
  return differentRules.has(name);
}

/** Kernels that round, whose gradient in TensorFlow.js is that of the number before. */
const rounding = new Set(['Cast', 'FloorDiv']);

/** Whether TensorFlow.js lets a derivative through a node where there is none. */
export function isRounding({ name, inputs, constantInputs }: TapeNode): boolean {
  return rounding.has(name) && constantInputs.length > 0 && Object.keys(inputs).length === 0;
}

/** How far the sum of the labels of one example is from one when rounding alone is not to blame. */
const LABEL_TOLERANCE = 1e-5;

type Count = (call: KernelCall, outputs: readonly Tensor[]) => Tensor;

/** Where sides are taken differently at ties: how many there are. */
const ties: Readonly<Record<string, Count>> = {
  Maximum: ({ inputs }) => equal(inputs.a!, inputs.b!),
  Minimum: ({ inputs }) => equal(inputs.a!, inputs.b!),
  ClipByValue: ({ inputs, attrs }) => equal(inputs.x!, attrs!.clipValueMin as number),
  Max: extremes,
  Min: extremes,
  // Its own gradient takes for granted that labels sum to one.
  softmaxCrossEntropy__op: ({ inputs }) => {
    const labels = cast(inputs[0]!, 'float32');
    return greater(abs(sub(sum(labels, -1), 1)), LABEL_TOLERANCE);
  },
};

/** Entries that equal the extreme of theirs, beyond one for each. */
function extremes({ inputs, attrs }: KernelCall, [y]: readonly Tensor[]): Tensor {
  const x = inputs.x!;
  const axes = util.parseAxisParam(attrs!.reductionIndices as number[], x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const counts = sum(cast(equal(x, reshape(y!, kept)), 'float32'), axes);
  return greater(counts, 1);
}

/** Counts, [1], the places where the gradient that TensorFlow.js has for a call is wrong; null if it has none. */
export function suspicionOf(
  call: KernelCall,
  outputs: readonly Tensor[],
  hold: (tensor: Tensor) => Tensor,
): (() => Tensor1D) | null {
  const places = ties[call.kernelName];
  if (places == null) return null;
  const inputs = Object.fromEntries(Object.entries(call.inputs).map(([name, x]) => [name, hold(x)]));
  const held = outputs.map(hold);
  return () => reshape(sum(cast(places({ ...call, inputs }, held), 'float32')), [1]);
}
