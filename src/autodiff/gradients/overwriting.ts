import type { Tensor } from '@tensorflow/tfjs-core';
import { range } from '@tensorflow/tfjs-core';
import { runKernel } from '../compositions/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { cast, equal, gatherNd, indicator, mul, reshape, scatterNd, sub, sum } from '../ops/kernel-ops.js';

/*
 * Kernels that write values over what was there. Each entry of the output comes from exactly one place: the
 * last value written to it, or what was there before.
 */

interface Writes {
  /** 1 for each value that is not written over by a later one; shape [values, 1]. */
  readonly lasting: Tensor;
  /** 1 for each entry of the output that nothing was written to, else 0; shape of the output. */
  readonly untouched: Tensor;
}

/** @param indices int32 of shape [values, depth], into an output of `shape` */
function traceWrites(indices: Tensor, shape: readonly number[]): Writes {
  const [values, depth] = indices.shape as [number, number];
  const outer = shape.slice(0, depth);
  const numbers = range(1, values + 1, 1, 'float32');
  const none = range(0, 1, 1, 'float32');
  const lastWriter = runKernel(
    'SparseToDense',
    { sparseIndices: indices, sparseValues: numbers, defaultValue: reshape(none, []) },
    { outputShape: outer },
  );
  const survivors = gatherNd(lastWriter, indices);
  const lasting = reshape(indicator(equal(survivors, numbers)), [values, 1]);
  const empty = indicator(equal(lastWriter, none));
  const sliceDims = shape.slice(depth);
  const full = runKernel('Fill', {}, { shape: [...shape], value: 1, dtype: 'float32' });
  return { lasting, untouched: mul(full, reshape(empty, [...outer, ...sliceDims.map(() => 1)])) };
}

/** Adjoint of the values written: those that lasted gather from where they were written. */
function writtenAdjoint(dy: Tensor, indices: Tensor, lasting: Tensor, valuesShape: number[]): Tensor {
  const gathered = gatherNd(dy, indices);
  const values = lasting.size;
  return reshape(mul(reshape(gathered, [values, gathered.size / values]), lasting), valuesShape);
}

const sumAll = (x: Tensor): Tensor =>
  reshape(
    sum(
      x,
      x.shape.map((_, axis) => axis),
    ),
    [],
  );

/** Indices as rows, one for each value, into an output whose leading dimensions they address. */
function rowsOf(indices: Tensor, depth: number): Tensor {
  const ids = cast(indices, 'int32');
  return reshape(ids, [ids.size / depth, depth]);
}

/** Indices of `sparseToDense`: a scalar or a list addresses an output of rank one, a matrix has a row per value. */
const sparseRows = (indices: Tensor): Tensor => rowsOf(indices, indices.rank < 2 ? 1 : indices.shape[1]!);

export const overwritingRules: readonly GradientRule[] = [
  {
    kernel: 'TensorScatterUpdate',
    constants: ({ indices, tensor }) => {
      const rows = rowsOf(indices!, indices!.shape.at(-1)!);
      const { lasting, untouched } = traceWrites(rows, tensor!.shape);
      return [rows, lasting, untouched];
    },
    pullback: ({ dy, constants, shapes }) => {
      const [rows, lasting, untouched] = constants as [Tensor, Tensor, Tensor];
      return {
        tensor: () => mul(dy, untouched),
        updates: () => writtenAdjoint(dy, rows, lasting, shapes.updates!),
      };
    },
  },
  {
    kernel: 'SparseToDense',
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
        defaultValue: () => sumAll(mul(dy, untouched)),
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
    constants: ({ condition, t }) => {
      const mask = indicator(condition!);
      const trailing = new Array<number>(Math.max(0, t!.rank - mask.rank)).fill(1);
      return [reshape(mask, [...mask.shape, ...trailing])];
    },
    pullback: ({ dy, constants }) => ({
      t: () => mul(dy, constants[0]!),
      e: () => sub(dy, mul(dy, constants[0]!)),
    }),
  },
];
