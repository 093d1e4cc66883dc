import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import type { GradientRule, InputAdjoints, PullbackContext } from '../gradient-rule.js';
import { sumTo } from '../../tfjs/kernels/broadcast.js';
import { matMul } from '../../tfjs/kernels/kernel-ops.js';
import { fusedActivationAdjoint, fusedActivationMask } from './fused-activation.js';

interface Transposition {
  transposeA: boolean;
  transposeB: boolean;
}

/**
 * Adjoints of C = op(A) op(B): op(A)‾ = C̄ op(B)ᵀ and op(B)‾ = op(A)ᵀ C̄, summed over the stacked matrices that
 * were broadcast.
 */
function productAdjoints(
  dy: Tensor,
  { inputs, shapes }: Pick<PullbackContext, 'inputs' | 'shapes'>,
  attrs: NamedAttrMap,
): InputAdjoints {
  const { transposeA, transposeB } = attrs as unknown as Transposition;
  return {
    a: () => {
      const b = inputs.b!;
      const da = transposeA ? matMul(b, dy, transposeB, true) : matMul(dy, b, false, !transposeB);
      return sumTo(da, shapes.a!);
    },
    b: () => {
      const a = inputs.a!;
      const db = transposeB ? matMul(dy, a, true, transposeA) : matMul(a, dy, !transposeA, false);
      return sumTo(db, shapes.b!);
    },
  };
}

export const matrixProductRules: readonly GradientRule[] = [
  {
    kernel: 'BatchMatMul',
    saveInputs: { a: ['b'], b: ['a'] },
    pullback: (context) => productAdjoints(context.dy, context, context.attrs),
  },
  {
    kernel: '_FusedMatMul',
    saveInputs: { a: ['b'], b: ['a'] },
    constants: fusedActivationMask,
    pullback: (context) => {
      const dy = fusedActivationAdjoint(context);
      return {
        ...productAdjoints(dy, context, context.attrs),
        bias: () => sumTo(dy, context.shapes.bias!),
      };
    },
  },
];
