import { broadcast_util, util, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { runKernel } from '../stock-ops.js';

/** How a fused op ends. */
export interface ActivationAttrs {
  activation: string;
  leakyreluAlpha?: number;
  /** With channels first, a bias and an alpha of one axis belong to the channels. */
  dataFormat?: 'NHWC' | 'NCHW';
}

/** Activations that are a kernel of one input. */
const KERNELS: Readonly<Record<string, string>> = { relu6: 'Relu6', elu: 'Elu', sigmoid: 'Sigmoid' };

/**
 * activation(x + bias), the end of a fused op with these inputs. Takes over `x`: bias and relu go into it in place, the other
 * activations are tfjs's own kernels. `bias` has any shape that broadcasts to that of x.
 */
export function applyActivation(
  heap: Heap,
  x: TensorInfo,
  { bias, preluActivationWeights }: NamedTensorInfoMap,
  attrs: ActivationAttrs,
): TensorInfo {
  const aligned = [bias, preluActivationWeights].map(
    (tensor) => tensor && alignChannels(heap, tensor, attrs.dataFormat),
  );
  const [ownBias, ownAlpha] = aligned;
  requireBroadcast(x, ownBias);
  const y = activate(heap, addBias(heap, x, ownBias, attrs.activation === 'relu'), ownAlpha, attrs);
  for (const tensor of aligned) if (tensor != null) heap.release(tensor);
  return y;
}

/** A handle under which a tensor of one axis lies along the channels. Release it. */
function alignChannels(heap: Heap, tensor: TensorInfo, dataFormat: string | undefined): TensorInfo {
  const { shape } = tensor;
  return heap.alias(tensor, dataFormat === 'NCHW' && shape.length === 1 ? [...shape, 1, 1] : shape);
}

function requireBroadcast(x: TensorInfo, bias: TensorInfo | undefined): void {
  if (bias == null) return;
  const sum = broadcast_util.assertAndGetBroadcastShape(x.shape, bias.shape);
  util.assert(
    util.arraysEqual(sum, x.shape),
    () => `Error in a fused op: a bias of shape [${bias.shape}] does not fit an output of [${x.shape}].`,
  );
}

/** The activation alone; relu is done. Takes over `biased`. */
function activate(
  heap: Heap,
  biased: TensorInfo,
  alpha: TensorInfo | undefined,
  { activation, leakyreluAlpha }: ActivationAttrs,
): TensorInfo {
  if (activation === 'linear' || activation === 'relu') return biased;
  if (activation === 'leakyrelu') {
    return replace(heap, biased, (y) =>
      runKernel(heap, 'LeakyRelu', { x: y }, { alpha: leakyreluAlpha ?? 0 }),
    );
  }
  if (activation === 'prelu') {
    if (alpha == null) throw new Error('Error in a fused op: prelu needs preluActivationWeights.');
    return replace(heap, biased, (y) => runKernel(heap, 'Prelu', { x: y, alpha }));
  }
  const kernel = KERNELS[activation];
  if (kernel === undefined) {
    throw new Error(`Activation ${activation} has not been implemented for the wasm backend.`);
  }
  return replace(heap, biased, (y) => runKernel(heap, kernel, { x: y }));
}

/** Adds a bias to every row of `x`, in place where it is a row, and cuts at 0 with `relu`. Takes over `x`. */
function addBias(heap: Heap, x: TensorInfo, bias: TensorInfo | undefined, relu: boolean): TensorInfo {
  if (bias == null && !relu) return x;
  const cols = x.shape[x.shape.length - 1] ?? 0;
  const rows = cols === 0 ? 0 : util.sizeFromShape(x.shape) / cols;
  if (bias != null && !isRow(bias, cols)) {
    const sum = replace(heap, x, (a) => runKernel(heap, 'Add', { a, b: bias }));
    return relu ? replace(heap, sum, (y) => runKernel(heap, 'Relu', { x: y })) : sum;
  }
  const at = bias == null ? 0 : heap.pointer(bias);
  heap.functions.addBias(heap.pointer(x), rows, cols, at, Number(relu));
  return x;
}

function isRow(bias: TensorInfo, cols: number): boolean {
  return util.sizeFromShape(bias.shape) === cols && (bias.shape[bias.shape.length - 1] ?? 1) === cols;
}

function replace(heap: Heap, x: TensorInfo, op: (x: TensorInfo) => TensorInfo): TensorInfo {
  const result = op(x);
  heap.release(x);
  return result;
}
