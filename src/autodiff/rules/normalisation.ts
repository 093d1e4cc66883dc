import type { Tensor } from '@tensorflow/tfjs-core';
import { scalar, tensor2d } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { sumTo } from '../../tfjs/kernels/broadcast.js';
import { matMul, mul, neg, once, reshape, scale, shift, sub } from '../../tfjs/kernels/kernel-ops.js';

/** Sums squares over neighbouring channels: the symmetric band matrix of ones. */
function channelBand(channels: number, radius: number): Tensor {
  const rows = Array.from({ length: channels }, (_, i) =>
    Array.from({ length: channels }, (__, j) => (Math.abs(i - j) <= radius ? 1 : 0)),
  );
  return tensor2d(rows, [channels, channels], 'float32');
}

interface LocalResponse {
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

/**
 * Local response normalisation y = x s^(−β) with s = bias + α B x² and the band matrix B, so that
 * x̄ = ȳ s^(−β) − 2αβ x ⊙ B (ȳ x s^(−β−1)).
 */
function localResponseAdjoint(
  dy: Tensor,
  x: Tensor,
  { depthRadius, bias, alpha, beta }: LocalResponse,
): Tensor {
  const channels = x.shape.at(-1)!;
  const band = channelBand(channels, depthRadius);
  const flat = reshape(x, [x.size / channels, channels]);
  const dyFlat = reshape(dy, flat.shape);
  const s = shift(scale(matMul(mul(flat, flat), band), alpha), bias);
  const power = (exponent: number): Tensor => runKernel('Pow', { a: s, b: scalar(exponent) });
  const spread = matMul(mul(mul(dyFlat, flat), power(-beta - 1)), band);
  const dx = sub(mul(dyFlat, power(-beta)), scale(mul(flat, spread), 2 * alpha * beta));
  return reshape(dx, x.shape);
}

export const normalisationRules: readonly GradientRule[] = [
  {
    // y = (x − μ) r γ + β with r = (σ² + ε)^(−1/2); γ and β may be absent.
    kernel: 'FusedBatchNorm',
    saveInputs: {
      x: ['variance', 'scale'],
      mean: ['variance', 'scale'],
      variance: ['x', 'mean', 'variance', 'scale'],
      scale: ['x', 'mean', 'variance'],
    },
    pullback: ({ dy, inputs, shapes, attrs }) => {
      const { x, mean, variance, scale: gamma } = inputs as Record<string, Tensor>;
      const r = once(() => runKernel('Rsqrt', { x: shift(variance!, attrs.varianceEpsilon as number) }));
      const dx = once(() => mul(dy, gamma == null ? r() : mul(r(), gamma)));
      const centred = once(() => sub(x!, mean!));
      return {
        x: dx,
        mean: () => neg(sumTo(dx(), shapes.mean!)),
        variance: () => {
          const product = mul(dx(), centred());
          return scale(mul(sumTo(product, shapes.variance!), mul(r(), r())), -0.5);
        },
        scale: () => sumTo(mul(mul(dy, centred()), r()), shapes.scale!),
        offset: () => sumTo(dy, shapes.offset!),
      };
    },
  },
  {
    kernel: 'LRN',
    saveInputs: ['x'],
    pullback: ({ dy, inputs, attrs }) => ({
      x: () => localResponseAdjoint(dy, inputs.x!, attrs as unknown as LocalResponse),
    }),
  },
];
