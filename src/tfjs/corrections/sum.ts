import type { Tensor } from '@tensorflow/tfjs-core';
import { fill, util, zerosLike } from '@tensorflow/tfjs-core';
import { matMul, reshape } from '../kernels/kernel-ops.js';
import type { Correction } from './correction.js';

/** Rows that are added in one go: longer sums are done in stages, so that rounding does not grow with their length. */
const stage = 512;

/** How many leading axes are summed over, if it is those and no others; 0 if not. */
function leadingAxes(axis: unknown, rank: number): number {
  const axes = util.parseAxisParam(axis as number[], new Array<number>(rank).fill(1)).sort((a, b) => a - b);
  return axes.length < rank && axes.every((value, i) => value === i) ? axes.length : 0;
}

/** The sum of the rows of a matrix, as a product with ones. */
function sumRows(x: Tensor): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const chunk = largestDivisor(rows, stage);
  const onesRow = fill([1, 1, chunk], 1);
  const sums = matMul(onesRow, reshape(x, [rows / chunk, chunk, columns]));
  if (chunk === rows) return reshape(sums, [columns]);
  return chunk === 1
    ? reshape(matMul(fill([1, 1, rows], 1), reshape(x, [1, rows, columns])), [columns])
    : sumRows(reshape(sums, [rows / chunk, columns]));
}

function largestDivisor(n: number, limit: number): number {
  for (let divisor = Math.min(n, limit); divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}

export const sumCorrections: readonly Correction[] = [
  {
    kernel: 'Sum',
    backends: ['wasm'],
    when: ({ x }, { axis }) => x!.size === 0 || (x!.dtype === 'float32' && leadingAxes(axis, x!.rank) > 0),
    why: 'transposes the whole tensor to sum over leading axes, up to twenty times as slow; empty sums stay unwritten',
    isRight: ({ x }) => x!.size > 0,
    compute: ({ x }, attrs, own) => {
      if (x!.size === 0) return zerosLike(own({ x: x! }, attrs));
      const { axis, keepDims } = attrs;
      const count = leadingAxes(axis, x!.rank);
      const rest = x!.shape.slice(count);
      const columns = util.sizeFromShape(rest);
      const sums = sumRows(reshape(x!, [x!.size / columns, columns]));
      return reshape(sums, keepDims === true ? [...x!.shape.slice(0, count).map(() => 1), ...rest] : rest);
    },
  },
];
