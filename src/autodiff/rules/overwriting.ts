import type { Tensor } from '@tensorflow/tfjs-core';
import { range, scalar, util } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import {
  gatherNd,
  indicator,
  multiplyNoNan,
  reshape,
  scatterNd,
  sub,
  sumAll,
} from '../../tfjs/kernels/kernel-ops.js';
import { broadcastTo } from '../../tfjs/kernels/broadcast.js';
import { rowsOf, traceWrites } from '../../tfjs/kernels/writes.js';

/*
 * Kernels that write values over what was there. Each entry of the output comes from exactly one place: the
 * last value written to it, or what was there before.
 */

/** Adjoint of the values written: those that lasted gather from where they were written. */
function writtenAdjoint(dy: Tensor, indices: Tensor, lasting: Tensor, valuesShape: number[]): Tensor {
  const gathered = gatherNd(dy, indices);
  const slices = reshape(gathered, [lasting.size, util.sizeFromShape(gathered.shape.slice(1))]);
  return reshape(multiplyNoNan(slices, broadcastTo(lasting, slices.shape)), valuesShape);
}

/** Indices of `sparseToDense`: a scalar or a list addresses an output of rank one, a matrix has a row per value. */
const sparseRows = (indices: Tensor): Tensor => rowsOf(indices, indices.rank < 2 ? 1 : indices.shape[1]!);

export const overwritingRules: readonly GradientRule[] = [
  {
    kernel: 'TensorScatterUpdate',
    constantInputs: ['indices'],
    constants: ({ indices, tensor }) => {
      const rows = rowsOf(indices!, indices!.shape.at(-1)!);
      const { lasting, untouched } = traceWrites(rows, tensor!.shape);
      return [rows, lasting, untouched];
    },
    pullback: ({ dy, constants, shapes }) => {
      const [rows, lasting, untouched] = constants as [Tensor, Tensor, Tensor];
      return {
        tensor: () => multiplyNoNan(dy, untouched),
        updates: () => writtenAdjoint(dy, rows, lasting, shapes.updates!),
      };
    },
  },
  {
    kernel: 'SparseToDense',
    constantInputs: ['sparseIndices'],
    constants: ({ sparseIndices }, [y]) => {
      const rows = sparseRows(sparseIndices!);
      const { lasting, untouched } = traceWrites(rows, y!.shape);
      return [rows, lasting, untouched];
    },
    pullback: ({ dy, constants, shapes }) => {
      const [rows, lasting, untouched] = constants as [Tensor, Tensor, Tensor];
      const valuesShape = shapes.sparseValues!;
      return {
        // A scalar is written to every index.
        sparseValues: () => {
          const each = writtenAdjoint(dy, rows, lasting, [rows.shape[0]!]);
          return valuesShape.length === 0 ? sumAll(each) : reshape(each, valuesShape);
        },
        defaultValue: () => sumAll(multiplyNoNan(dy, untouched)),
      };
    },
  },
  {
    // y holds the k largest of each row, which were at `indices`.
    kernel: 'TopK',
    constants: ({ x }, [, indices]) => {
      const n = x!.shape.at(-1)!;
      const rows = x!.size / n;
      const starts = range(0, rows * n, n, 'int32');
      const k = indices!.shape.at(-1)!;
      const flat = runKernel('Add', { a: reshape(indices!, [rows, k]), b: reshape(starts, [rows, 1]) });
      return [reshape(flat, [rows * k, 1])];
    },
    pullback: ({ dy, constants, shapes }) => ({
      x: () => {
        const size = shapes.x!.reduce((product, dimension) => product * dimension, 1);
        return reshape(scatterNd(constants[0]!, reshape(dy, [dy.size]), [size]), shapes.x!);
      },
    }),
  },
  {
    // y is t or e
    kernel: 'Select',
    constantInputs: ['condition'],
    constants: ({ condition, t }, _, __, varying) => {
      const trailing = new Array<number>(Math.max(0, t!.rank - condition!.rank)).fill(1);
      const isT = broadcastTo(reshape(indicator(condition!), [...condition!.shape, ...trailing]), t!.shape);
      return varying.includes('e') ? [isT, sub(scalar(1), isT)] : [isT];
    },
    pullback: ({ dy, constants }) => ({
      t: () => multiplyNoNan(dy, constants[0]!),
      e: () => multiplyNoNan(dy, constants[1]!),
    }),
  },
];
