import type { Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { spread, takeEvery } from '../../tfjs/kernels/spread.js';

/*
 * With y = x ∗ w, the three kernels y(x, w), x̄(ȳ, w) and w̄(x, ȳ) are the partial gradients of one trilinear
 * form ⟨ȳ, x ∗ w⟩. The adjoints of each are therefore the other two, and the set is closed under differentiation.
 *
 * The backward kernels know no dilation. A dilated convolution is a dense one with zeros between the taps
 * of its filter, so its gradients are the dense ones with a spread filter.
 */

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: unknown;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: string;
  dilations?: number | readonly number[];
}

/** The attributes that the three kernels share. */
function window({ strides, pad, dataFormat, dimRoundingMode }: ConvolutionAttributes): object {
  return { strides, pad, dataFormat, dimRoundingMode };
}

/** The rate of dilation along each of `rank` spatial axes. */
export function dilationRates(dilations: number | readonly number[] | undefined, rank: number): number[] {
  if (dilations == null) return new Array<number>(rank).fill(1);
  if (typeof dilations === 'number') return new Array<number>(rank).fill(dilations);
  return rank === 3 && dilations.length === 5 ? dilations.slice(1, 4) : [...dilations];
}

/** A filter with zeros between its taps, whose dense convolution is the dilated one of `filter`. */
export function spreadFilter(filter: Tensor, rates: readonly number[]): Tensor {
  return rates.reduce((spaced, rate, axis) => spread(spaced, axis, rate), filter);
}

/** The taps of a spread filter: the adjoint of {@link spreadFilter}. */
export function gatherTaps(filter: Tensor, rates: readonly number[], filterShape: readonly number[]): Tensor {
  return rates.reduce(
    (taps, rate, axis) => (rate === 1 ? taps : takeEvery(taps, axis, rate, filterShape[axis]!)),
    filter,
  );
}

/** Shape of a filter once it is spread. */
export function spreadShape(filterShape: readonly number[], rates: readonly number[]): number[] {
  return filterShape.map((size, axis) => (size - 1) * (rates[axis] ?? 1) + 1);
}

/** Adjoint of a two-dimensional convolution with respect to its input. */
export function convolutionInputAdjoint(
  dy: Tensor,
  filter: Tensor,
  inputShape: readonly number[],
  attrs: object,
): Tensor {
  const convolution = attrs as ConvolutionAttributes;
  const rates = dilationRates(convolution.dilations, 2);
  const dense = spreadFilter(filter, rates);
  return runKernel('Conv2DBackpropInput', { dy, filter: dense }, { ...window(convolution), inputShape });
}

/** Adjoint of a two-dimensional convolution with respect to its filter. */
export function convolutionFilterAdjoint(
  x: Tensor,
  dy: Tensor,
  filterShape: readonly number[],
  attrs: object,
): Tensor {
  const convolution = attrs as ConvolutionAttributes;
  const rates = dilationRates(convolution.dilations, 2);
  const dense = runKernel(
    'Conv2DBackpropFilter',
    { x, dy },
    { ...window(convolution), filterShape: spreadShape(filterShape, rates) },
  );
  return gatherTaps(dense, rates, filterShape);
}

const convolve = (x: Tensor, filter: Tensor, attrs: object): Tensor =>
  runKernel('Conv2D', { x, filter }, { ...window(attrs as ConvolutionAttributes), dilations: [1, 1] });

export const convolutionRules: readonly GradientRule[] = [
  {
    kernel: 'Conv2D',
    saveInputs: { x: ['filter'], filter: ['x'] },
    pullback: ({ dy, inputs, shapes, attrs }) => ({
      x: () => convolutionInputAdjoint(dy, inputs.filter!, shapes.x!, attrs),
      filter: () => convolutionFilterAdjoint(inputs.x!, dy, shapes.filter!, attrs),
    }),
  },
  {
    // x̄ = BackpropInput(ȳ, w); its adjoints for an upstream u in the place of x are u ∗ w and w̄(u, ȳ).
    kernel: 'Conv2DBackpropInput',
    saveInputs: { dy: ['filter'], filter: ['dy'] },
    pullback: ({ dy: u, inputs, shapes, attrs }) => ({
      dy: () => convolve(u, inputs.filter!, attrs),
      filter: () => convolutionFilterAdjoint(u, inputs.dy!, shapes.filter!, attrs),
    }),
  },
  {
    // w̄ = BackpropFilter(x, ȳ); its adjoints for an upstream u in the place of w are x̄(ȳ, u) and x ∗ u.
    kernel: 'Conv2DBackpropFilter',
    saveInputs: { x: ['dy'], dy: ['x'] },
    pullback: ({ dy: u, inputs, shapes, attrs }) => ({
      x: () => convolutionInputAdjoint(inputs.dy!, u, shapes.x!, attrs),
      dy: () => convolve(inputs.x!, u, attrs),
    }),
  },
];
