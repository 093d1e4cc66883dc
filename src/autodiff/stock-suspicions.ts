import type { Tensor } from '@tensorflow/tfjs-core';
import {
  abs,
  cast,
  div,
  equal,
  floor,
  getGradient,
  greater,
  less,
  logicalAnd,
  notEqual,
  reshape,
  round,
  sub,
  sum,
  tidy,
  util,
} from '@tensorflow/tfjs-core';
import type { KernelCall } from '../tfjs/engine.js';
import { poolAxes, returnsImage } from '../tfjs/kernels/windows.js';
import type { TapeNode } from './tape.js';

/** Whether TensorFlow.js can keep what its gradient of a call needs: it fails where an optional input is absent. */
export function isRecordable({ kernelName, inputs }: KernelCall): boolean {
  const needed = getGradient(kernelName)?.inputsToSave ?? [];
  return needed.every((name) => inputs[name] != null);
}

/** Calls whose gradient in TensorFlow.js is that of another function, whatever the values. */
const differentRules: Readonly<Record<string, (call: KernelCall, node: TapeNode) => boolean>> = {
  MirrorPad: () => true,
  // Turned once more than it should be, unless along the last axis.
  Cumsum: ({ inputs, attrs }) => attrs!.axis !== inputs.x!.rank - 1,
  AvgPool: roundsUp,
  Conv2D: roundsUp,
  FusedConv2D: (call) => roundsUp(call) || call.attrs!.dataFormat === 'NCHW',
  MaxPool: (call) => roundsUp(call) || movesImage(call),
  // In tf.divNoNan, where its own is 0/0.
  RealDiv: (_, { name }) => name !== 'RealDiv',
  // Its own gradient by the labels is that by the logits, turned round.
  softmaxCrossEntropy__op: (_, { inputs }) => '0' in inputs,
};

/** Whether the size of the output is rounded up, which the backward pass of TensorFlow.js forgets. */
function roundsUp({ attrs }: KernelCall): boolean {
  return attrs!.dimRoundingMode === 'ceil' || attrs!.dimRoundingMode === 'round';
}

/** Whether pooling returns the image where its windows lie elsewhere. */
function movesImage({ inputs, attrs }: KernelCall): boolean {
  const { shape } = inputs.x!;
  return (
    returnsImage(shape, attrs!) &&
    poolAxes(shape, attrs!).some(({ stride, before }) => stride > 1 || before > 0)
  );
}

/** Whether TensorFlow.js differentiates a call as something else than it is, whatever its values. */
export function isDifferentRule(call: KernelCall, node: TapeNode): boolean {
  return differentRules[call.kernelName]?.(call, node) === true;
}

/** Kernels that round, whose gradient in TensorFlow.js is that of the number before. */
const rounding = new Set(['Cast', 'FloorDiv']);

/** Whether TensorFlow.js lets a derivative through a node where there is none. */
export function isRounding({ name, inputs, constantInputs }: TapeNode): boolean {
  return rounding.has(name) && constantInputs.length > 0 && Object.keys(inputs).length === 0;
}

/** How far the sum of the labels of one example is from one when rounding alone is not to blame. */
const LABEL_TOLERANCE = 1e-5;

type Places = (call: KernelCall, outputs: readonly Tensor[]) => Tensor;

/** Where the value is infinite with its slope, and the loss a number only if something later turns it back into one. */
const poles: Readonly<Record<string, Places>> = {
  Atanh: ({ inputs }) => equal(abs(inputs.x!), 1),
  Log: ({ inputs }) => equal(inputs.x!, 0),
  Log1p: ({ inputs }) => equal(inputs.x!, -1),
  RealDiv: ({ inputs }) => equal(inputs.b!, 0),
  Reciprocal: ({ inputs }) => equal(inputs.x!, 0),
  Rsqrt: ({ inputs }) => equal(inputs.x!, 0),
};

/** Whether values matter to a call at poles alone, too rare to count where they cannot be read. */
export const hasPolesAlone = ({ kernelName }: KernelCall): boolean => Object.hasOwn(poles, kernelName);

/** Where values matter, as at ties, where sides are taken differently: not zero in the places where they do. */
const ties: Readonly<Record<string, Places>> = {
  Maximum: ({ inputs }) => equal(inputs.a!, inputs.b!),
  Minimum: ({ inputs }) => equal(inputs.a!, inputs.b!),
  ClipByValue: ({ inputs, attrs }) => equal(inputs.x!, attrs!.clipValueMin as number),
  Max: extremes,
  Min: extremes,
  // An infinite slope, which where a piece of slope 0 has led to the place is multiplied by 0.
  Acos: ({ inputs }) => equal(abs(inputs.x!), 1),
  Acosh: ({ inputs }) => equal(inputs.x!, 1),
  Asin: ({ inputs }) => equal(abs(inputs.x!), 1),
  Pow: ({ inputs }) => logicalAnd(equal(inputs.a!, 0), less(inputs.b!, 1)),
  Sqrt: ({ inputs }) => equal(inputs.x!, 0),
  ...poles,
  // Where a/b rounds up to a whole number, it takes another ⌊a/b⌋ than the value.
  Mod: ({ inputs: { a, b } }, [y]) => notEqual(floor(div(a!, b!)), round(div(sub(a!, y!), b!))),
};

/** Where values matter that are few enough to be looked at on the host. */
const checks: Readonly<Record<string, (call: KernelCall) => boolean>> = {
  // Its own gradient takes for granted that labels sum to one.
  softmaxCrossEntropy__op: ({ inputs }) =>
    sum(cast(inputs[0]!, 'float32'), -1)
      .dataSync<'float32'>()
      .some((total) => Math.abs(total - 1) > LABEL_TOLERANCE),
};

/** Entries that equal the extreme of theirs, beyond one for each. */
function extremes({ inputs, attrs }: KernelCall, [y]: readonly Tensor[]): Tensor {
  const x = inputs.x!;
  const axes = util.parseAxisParam((attrs!.reductionIndices ?? attrs!.axis) as number[], x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const counts = sum(cast(equal(x, reshape(y!, kept)), 'float32'), axes);
  return greater(counts, 1);
}

/**
 * Whether the gradient that TensorFlow.js has for a call is wrong by its values, to be asked where they can be read at
 * once; null if it never is.
 */
export function suspicionOf(
  call: KernelCall,
  outputs: readonly Tensor[],
  reference: (tensor: Tensor) => Tensor,
): (() => boolean) | null {
  const check = checks[call.kernelName];
  const places = ties[call.kernelName];
  if (check == null && places == null) return null;
  const inputs = Object.fromEntries(Object.entries(call.inputs).map(([name, x]) => [name, reference(x)]));
  const held = { ...call, inputs };
  if (check != null) return () => tidy(() => check(held));
  const heldOutputs = outputs.map(reference);
  return () => tidy(() => sum(cast(places!(held, heldOutputs), 'float32')).dataSync()[0] !== 0);
}
