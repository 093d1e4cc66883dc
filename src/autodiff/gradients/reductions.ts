import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { div, equal, indicator, mul, reshape, scale, sum } from '../ops/kernel-ops.js';

/** The axes that were reduced, from whichever attribute the kernel calls them by. */
function reducedAxes(attrs: NamedAttrMap, xShape: number[]): number[] {
  const axes = (attrs.axis ?? attrs.reductionIndices) as number | number[] | undefined;
  return util.parseAxisParam(axes ?? xShape.map((_, axis) => axis), xShape);
}

/** Shape of the reduced tensor with the reduced axes kept as size one. */
function keptShape(xShape: readonly number[], axes: readonly number[]): number[] {
  return xShape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/**
 * Maximum or minimum over axes. The adjoint goes to the entries that attain it; equal ones share it evenly, which
 * is the element of least norm in the subdifferential.
 */
function extremumRule(kernel: string): GradientRule {
  return {
    kernel,
    constants: ({ x }, [y], attrs) => {
      const axes = reducedAxes(attrs, x!.shape);
      const attains = indicator(equal(x!, reshape(y!, keptShape(x!.shape, axes))));
      return [div(attains, sum(attains, axes, true))];
    },
    pullback: ({ dy, constants, shapes, attrs }) => ({
      x: () => mul(constants[0]!, reshape(dy, keptShape(shapes.x!, reducedAxes(attrs, shapes.x!)))),
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
  extremumRule('Max'),
  extremumRule('Min'),
];
