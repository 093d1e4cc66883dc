import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { backend, broadcast_util, fill, scalar, util } from '@tensorflow/tfjs-core';
import { broadcastTo } from '../kernels/broadcast.js';
import { add, matMul, mul, transpose } from '../kernels/kernel-ops.js';
import { isStockWasmKernel, type Correction } from './correction.js';

interface Transposition {
  transposeA: boolean;
  transposeB: boolean;
  activation?: string;
}

function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

const isEmpty = (a: Tensor, b: Tensor): boolean => a.size === 0 || b.size === 0;

function explicitly(a: Tensor, b: Tensor, { transposeA, transposeB }: Transposition): Tensor {
  const left = transposeA ? swapLast(a) : a;
  const right = transposeB ? swapLast(b) : b;
  return isEmpty(a, b)
    ? fill([...stackShape(a, b), left.shape.at(-2)!, right.shape.at(-1)!], 0)
    : matMul(left, right);
}

const isTransposed = (attrs: object): boolean => {
  const { transposeA, transposeB } = attrs as Transposition;
  return transposeA || transposeB;
};

/** Leading dimensions of both operands broadcast against each other. */
function stackShape(a: Tensor, b: Tensor): number[] {
  return broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
}

/**
 * Whether there is nothing to add up, or an operand is neither one matrix for all nor one for each: stock kernels then
 * pair the wrong ones.
 */
function isWrong(a: Tensor, b: Tensor): boolean {
  if (isEmpty(a, b)) return true;
  if (a.rank === b.rank && a.shape.slice(0, -2).every((size, axis) => size === b.shape[axis])) return false;
  const stack = util.sizeFromShape(stackShape(a, b));
  return [a, b].some((x) => {
    const own = util.sizeFromShape(x.shape.slice(0, -2));
    return own !== 1 && own !== stack;
  });
}

function repeatToStack(x: Tensor, stack: readonly number[]): Tensor {
  return broadcastTo(x, [...stack, ...x.shape.slice(-2)]);
}

/** Whether stock WASM adds the bias of a fused product several times. */
function repeatsBias(bias: Tensor | undefined, attrs: NamedAttrMap): boolean {
  return isTransposed(attrs) && (attrs.activation ?? 'linear') === 'linear' && bias != null;
}

/** The shape in which the values of a tensor were a right operand, as far as it is known. */
const seenShapes = new WeakMap<object, string>();

/**
 * Whether stock WASM may have arranged the values of b for a product with another shape. It keeps that arrangement by the
 * values alone, which a reshaped tensor shares: the product comes out wrong, or memory out of bounds is read.
 */
function mayBeArranged(b: Tensor): boolean {
  const shape = b.shape.slice(-2).join();
  const seen = seenShapes.get(b.dataId);
  if (seen != null) return seen !== shape;
  if (backend().refCount(b.dataId) > 1) return true;
  seenShapes.set(b.dataId, shape);
  return false;
}

/** The same numbers as values of their own. */
const withOwnValues = (x: Tensor): Tensor => mul(x, scalar(1));

export const matrixProductCorrections: readonly Correction[] = [
  {
    kernel: 'BatchMatMul',
    backends: 'all',
    evenIfExact: true,
    when: ({ a, b }, attrs) =>
      isWrong(a!, b!) || (isStockWasmKernel('BatchMatMul') && (isTransposed(attrs) || mayBeArranged(b!))),
    why:
      'does not broadcast stacks against each other; on wasm a transpose makes it 15 times slower, empty sums stay unwritten, ' +
      'and a right operand that was one in another shape is read in that one',
    isRight: ({ a, b }, attrs) => !isWrong(a!, b!) && (isTransposed(attrs) || !mayBeArranged(b!)),
    compute: ({ a, b }, attrs, own) => {
      const transposition = attrs as unknown as Transposition;
      if (!isWrong(a!, b!)) {
        return isTransposed(attrs)
          ? explicitly(a!, b!, transposition)
          : own({ a: a!, b: withOwnValues(b!) }, attrs);
      }
      const stack = stackShape(a!, b!);
      return explicitly(repeatToStack(a!, stack), repeatToStack(b!, stack), transposition);
    },
  },
  {
    kernel: '_FusedMatMul',
    backends: ['wasm'],
    when: ({ b, bias }, attrs) => repeatsBias(bias, attrs) || (!isTransposed(attrs) && mayBeArranged(b!)),
    why:
      'adds the bias once for each block of 48 along the inner dimension, if there is a transpose; ' +
      'if there is none, a right operand that was one in another shape is read in that one',
    compute: (inputs, attrs, own) => {
      const { a, b, bias } = inputs;
      return repeatsBias(bias, attrs)
        ? add(explicitly(a!, b!, attrs as unknown as Transposition), bias!)
        : own({ ...inputs, b: withOwnValues(b!) }, attrs);
    },
  },
];
