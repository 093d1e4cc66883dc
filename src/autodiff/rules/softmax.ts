import type { GradientRule } from '../gradient-rule.js';
import { exp, mul, sub, sum } from '../../tfjs/kernels/kernel-ops.js';

export const softmaxRules: readonly GradientRule[] = [
  {
    // x̄ = y ⊙ (ȳ − ⟨ȳ, y⟩)
    kernel: 'Softmax',
    saveOutputs: [true],
    pullback: ({ dy, outputs, attrs }) => ({
      logits: () => {
        const weighted = mul(dy, outputs[0]!);
        return sub(weighted, mul(outputs[0]!, sum(weighted, [attrs.dim as number], true)));
      },
    }),
  },
  {
    // x̄ = ȳ − softmax(x) Σȳ
    kernel: 'LogSoftmax',
    saveOutputs: [true],
    derived: ({ outputs }) => [exp(outputs[0]!)],
    pullback: ({ dy, derived, attrs }) => ({
      logits: () => sub(dy, mul(derived[0]!, sum(dy, [attrs.axis as number], true))),
    }),
  },
];
