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
  readonly strides: number | readonly number[];
  readonly pad: unknown;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: string;
  readonly dilations?: number | readonly number[] | null;
}

/** The attributes of a call as they are in a gradient rule. */
type Attributes = Parameters<GradientRule['pullback']>[0]['attrs'];

/** A trilinear form ⟨ȳ, x ∗ w⟩: the kernels that are its partial gradients. */
class Convolution {
  constructor(
    private readonly kernels: Readonly<Record<'y' | 'x' | 'filter', string>>,
    private readonly spatialAxes: 2 | 3,
  ) {}

  /** x̄: the adjoint with respect to the input. */
  inputAdjoint(dy: Tensor, filter: Tensor, inputShape: readonly number[], attrs: Attributes): Tensor {
    const inputs = { dy, filter: this.spreadFilter(filter, attrs) };
    return runKernel(this.kernels.x, inputs, { ...this.window(attrs), inputShape });
  }

  /** w̄: the adjoint with respect to the filter. */
  filterAdjoint(x: Tensor, dy: Tensor, filterShape: readonly number[], attrs: Attributes): Tensor {
    const rates = this.rates(attrs);
    const spreadShape = filterShape.map((size, axis) => (size - 1) * (rates[axis] ?? 1) + 1);
    const spaced = runKernel(
      this.kernels.filter,
      { x, dy },
      { ...this.window(attrs), filterShape: spreadShape },
    );
    return rates.reduce(
      (taps, rate, axis) => (rate === 1 ? taps : takeEvery(taps, axis, rate, filterShape[axis]!)),
      spaced,
    );
  }

  /** The rules of the three kernels, of which each has the other two as its adjoints. */
  rules(): GradientRule[] {
    return [
      {
        kernel: this.kernels.y,
        saveInputs: { x: ['filter'], filter: ['x'] },
        pullback: ({ dy, inputs, shapes, attrs }) => ({
          x: () => this.inputAdjoint(dy, inputs.filter!, shapes.x!, attrs),
          filter: () => this.filterAdjoint(inputs.x!, dy, shapes.filter!, attrs),
        }),
      },
      {
        // For an upstream u in the place of x: u ∗ w and w̄(u, ȳ).
        kernel: this.kernels.x,
        saveInputs: { dy: ['filter'], filter: ['dy'] },
        pullback: ({ dy: u, inputs, shapes, attrs }) => ({
          dy: () => this.dense(u, this.spreadFilter(inputs.filter!, attrs), attrs),
          filter: () => this.filterAdjoint(u, inputs.dy!, shapes.filter!, attrs),
        }),
      },
      {
        // For an upstream u in the place of w: x̄(ȳ, u) and x ∗ u.
        kernel: this.kernels.filter,
        saveInputs: { x: ['dy'], dy: ['x'] },
        pullback: ({ dy: u, inputs, shapes, attrs }) => ({
          x: () => this.inputAdjoint(inputs.dy!, u, shapes.x!, attrs),
          dy: () => this.dense(inputs.x!, this.spreadFilter(u, attrs), attrs),
        }),
      },
    ];
  }

  /** x ∗ w without dilation. */
  private dense(x: Tensor, filter: Tensor, attrs: Attributes): Tensor {
    return runKernel(this.kernels.y, { x, filter }, this.window(attrs));
  }

  /** The attributes that the three kernels share; none of them dilates. */
  private window(attrs: Attributes): object {
    const { strides, pad, dimRoundingMode, dataFormat } = attrs as unknown as ConvolutionAttributes;
    const axes = this.spatialAxes;
    const channelsLast = axes === 2 ? 'NHWC' : 'NDHWC';
    const dilations = new Array<number>(axes).fill(1);
    return { strides, pad, dimRoundingMode, dataFormat: dataFormat ?? channelsLast, dilations };
  }

  /** The rate of dilation along each spatial axis. */
  private rates(attrs: Attributes): number[] {
    const given = attrs as unknown as ConvolutionAttributes;
    const dilations = given.dilations ?? 1;
    const axes = this.spatialAxes;
    if (typeof dilations === 'number') return new Array<number>(axes).fill(dilations);
    return axes === 3 && dilations.length === 5 ? dilations.slice(1, 4) : [...dilations];
  }

  /** A filter with zeros between its taps, whose dense convolution is the dilated one of `filter`. */
  private spreadFilter(filter: Tensor, attrs: Attributes): Tensor {
    return this.rates(attrs).reduce((spaced, rate, axis) => spread(spaced, axis, rate), filter);
  }
}

export const convolution2d = new Convolution(
  { y: 'Conv2D', x: 'Conv2DBackpropInput', filter: 'Conv2DBackpropFilter' },
  2,
);

export const depthwiseConvolution = new Convolution(
  {
    y: 'DepthwiseConv2dNative',
    x: 'DepthwiseConv2dNativeBackpropInput',
    filter: 'DepthwiseConv2dNativeBackpropFilter',
  },
  2,
);

const convolution3d = new Convolution(
  { y: 'Conv3D', x: 'Conv3DBackpropInputV2', filter: 'Conv3DBackpropFilterV2' },
  3,
);

export const convolutionRules: readonly GradientRule[] = [
  ...convolution2d.rules(),
  ...depthwiseConvolution.rules(),
  ...convolution3d.rules(),
];
