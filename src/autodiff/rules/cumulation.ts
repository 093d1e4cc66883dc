import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { add, concat, mul, pad, reshape, reverse, slice, transpose } from '../../tfjs/kernels/kernel-ops.js';

interface Cumulation {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

const cumulate = (kernel: string, x: Tensor, attrs: Cumulation): Tensor => runKernel(kernel, { x }, attrs);

/** Moves `axes` behind the others and flattens them: [others, product of axes]. */
function toRows(x: Tensor, axes: readonly number[]): { rows: Tensor; order: number[]; moved: number[] } {
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...others, ...axes];
  const turned = transpose(x, order);
  const length = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
  return { rows: reshape(turned, [x.size / length, length]), order, moved: turned.shape };
}

function fromRows(rows: Tensor, order: readonly number[], moved: readonly number[]): Tensor {
  const back = order.map((_, axis) => order.indexOf(axis));
  return transpose(reshape(rows, moved), back);
}

/**
 * Adjoint of the running product yᵢ = x₁ ⋯ xᵢ along the columns, without a division, so that it holds at zeros:
 * x̄ₖ = (x₁ ⋯ xₖ₋₁) Sₖ with Sₖ = Σ_{i ≥ k} ȳᵢ xₖ₊₁ ⋯ xᵢ = ȳₖ + xₖ₊₁ Sₖ₊₁.
 */
function runningProductAdjoint(dy: Tensor, x: Tensor): Tensor {
  const [rows, n] = x.shape as [number, number];
  const column = (t: Tensor, k: number): Tensor => slice(t, [0, k], [rows, 1]);
  const sums: Tensor[] = [column(dy, n - 1)];
  for (let k = n - 2; k >= 0; k--) {
    sums.unshift(add(column(dy, k), mul(column(x, k + 1), sums[0]!)));
  }
  const before = cumulate('Cumprod', x, { axis: 1, exclusive: true, reverse: false });
  return mul(before, concat(sums, 1));
}

function cumprodAdjoint(dy: Tensor, x: Tensor, attrs: NamedAttrMap): Tensor {
  const { axis, exclusive, reverse: backwards } = attrs as unknown as Cumulation;
  const axes = util.parseAxisParam(axis, x.shape);
  const { rows, order, moved } = toRows(x, axes);
  const turn = (t: Tensor): Tensor => (backwards ? reverse(t, [1]) : t);
  const [xs, dys] = [turn(rows), turn(toRows(dy, axes).rows)];
  // Leaving out the entry itself delays the products by one: ȳ moves up by one, and the last drops out.
  const [count, n] = xs.shape as [number, number];
  const moveUp = (t: Tensor): Tensor =>
    pad(slice(t, [0, 1], [count, n - 1]), [
      [0, 0],
      [0, 1],
    ]);
  return fromRows(turn(runningProductAdjoint(exclusive ? moveUp(dys) : dys, xs)), order, moved);
}

export const cumulationRules: readonly GradientRule[] = [
  {
    kernel: 'Cumsum',
    pullback: ({ dy, attrs }) => {
      const cumulation = attrs as unknown as Cumulation;
      return { x: () => cumulate('Cumsum', dy, { ...cumulation, reverse: !cumulation.reverse }) };
    },
  },
  {
    kernel: 'Cumprod',
    saveInputs: ['x'],
    pullback: ({ dy, inputs, attrs }) => ({
      x: () => (dy.size === 0 ? dy : cumprodAdjoint(dy, inputs.x!, attrs)),
    }),
  },
  {
    // ∂/∂xₖ is the product of all the others: of those before it and those behind it.
    kernel: 'Prod',
    saveInputs: ['x'],
    pullback: ({ dy, inputs, attrs }) => ({
      x: () => {
        const x = inputs.x!;
        if (x.size === 0) return x;
        const all = x.shape.map((_, i) => i);
        const axes = util.parseAxisParam((attrs.axis as number[] | undefined) ?? all, x.shape);
        const { rows, order, moved } = toRows(x, axes);
        const before = cumulate('Cumprod', rows, { axis: 1, exclusive: true, reverse: false });
        const behind = cumulate('Cumprod', rows, { axis: 1, exclusive: true, reverse: true });
        const dx = mul(mul(before, behind), reshape(dy, [rows.shape[0]!, 1]));
        return fromRows(dx, order, moved);
      },
    }),
  },
];
