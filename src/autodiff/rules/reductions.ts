import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { broadcastTo } from '../../tfjs/kernels/broadcast.js';
import {
  cast,
  div,
  equal,
  indicator,
  max,
  mul,
  multiplyNoNan,
  reshape,
  scale,
  step,
} from '../../tfjs/kernels/kernel-ops.js';

/** The axes that were reduced, from whichever attribute the kernel calls them by. */
function reducedAxes(attrs: NamedAttrMap, xShape: number[]): number[] {
  const axes = (attrs.axis ?? attrs.reductionIndices) as number | number[] | undefined;
  return util.parseAxisParam(axes ?? xShape.map((_, axis) => axis), xShape);
}

/** Shape of the reduced tensor with the reduced axes kept as size one. */
function keptShape(xShape: readonly number[], axes: readonly number[]): number[] {
  return xShape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Whole numbers beyond are not all float32 numbers. */
const largestFloat32Count = 2 ** 24;

/** Numbers the entries that are reduced to one, in row-major order: 1 … n, or n … 1 with `backwards`. */
function placesAlong(axes: readonly number[], xShape: readonly number[], backwards: boolean): Tensor {
  const shape = xShape.map((size, axis) => (axes.includes(axis) ? size : 1));
  const n = util.sizeFromShape(shape);
  const [start, stop, step] = backwards ? [n, 0, -1] : [1, n + 1, 1];
  const dtype = n > largestFloat32Count ? 'int32' : 'float32';
  return reshape(runKernel('Range', {}, { start, stop, step, dtype }), shape);
}

/**
 * Maximum or minimum over axes. The adjoint goes to one of the entries that attain it, the last of equal ones or the
 * first: so the maximum and the minimum of a pair are its two members at a tie too. Where nothing attains it, as with
 * NaN, the slopes are NaN.
 */
function extremumRule(kernel: string, takes: 'last' | 'first'): GradientRule {
  return {
    kernel,
    constants: ({ x }, [y], attrs) => {
      const axes = reducedAxes(attrs, x!.shape);
      // Spread out first: on WASM comparing what broadcasts takes many times as long.
      const whole = (t: Tensor): Tensor => broadcastTo(t, x!.shape);
      const places = whole(placesAlong(axes, x!.shape, takes === 'first'));
      const attains = equal(x!, whole(reshape(y!, keptShape(x!.shape, axes))));
      const taken = max(mul(cast(attains, places.dtype), places), axes);
      return [div(indicator(equal(places, whole(taken))), step(cast(taken, 'float32')))];
    },
    pullback: ({ dy, constants, shapes, attrs }) => ({
      x: () => {
        const kept = reshape(dy, keptShape(shapes.x!, reducedAxes(attrs, shapes.x!)));
        return multiplyNoNan(broadcastTo(kept, shapes.x!), constants[0]!);
      },
    }),
  };
}

/** The adjoint that all entries of a sum share. */
function shared(dy: Tensor, xShape: number[], attrs: NamedAttrMap): Tensor {
  return reshape(dy, keptShape(xShape, reducedAxes(attrs, xShape)));
}

export const reductionRules: readonly GradientRule[] = [
  {
    kernel: 'Sum',
    sharesAdjoints: true,
    pullback: ({ dy, shapes, attrs }) => ({ x: () => shared(dy, shapes.x!, attrs) }),
  },
  {
    kernel: 'Mean',
    sharesAdjoints: true,
    pullback: ({ dy, shapes, attrs }) => ({
      x: () => {
        const count = reducedAxes(attrs, shapes.x!).reduce((n, axis) => n * shapes.x![axis]!, 1);
        return shared(scale(dy, 1 / count), shapes.x!, attrs);
      },
    }),
  },
  extremumRule('Max', 'last'),
  extremumRule('Min', 'first'),
];
