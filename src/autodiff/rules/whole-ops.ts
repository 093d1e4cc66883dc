import type { Tensor } from '@tensorflow/tfjs-core';
import { logSoftmax } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { cast, exp, mul, neg, reshape, sub, sum } from '../../tfjs/kernels/kernel-ops.js';

/*
 * Custom gradients of TensorFlow.js itself that are differentiated as one kernel each: by a rule in place of the gradient
 * they bring, without a look at what they compute inside. Their inputs are named by number.
 */

const lastAxis = (x: Tensor): number => x.rank - 1;

/**
 * An adjoint of logits, whose sum is zero, with what rounding has left of that sum taken from the class that has nearly
 * everything: of its own share, 1 − p, float32 keeps nothing, of all the others it does.
 */
const balanced = (adjoint: Tensor, shares: Tensor): Tensor =>
  sub(adjoint, mul(shares, sum(adjoint, [lastAxis(adjoint)], true)));

export const wholeOpRules: readonly GradientRule[] = [
  {
    // x̄ = ȳ − softmax(x) Σȳ, along the last axis
    kernel: 'logSoftmax__op',
    saveOutputs: [true],
    pullback: ({ dy, outputs }) => ({
      0: () => {
        const shares = exp(outputs[0]!);
        return balanced(sub(dy, mul(shares, sum(dy, [lastAxis(dy)], true))), shares);
      },
    }),
  },
  {
    // y = −Σ t log softmax(x): x̄ = ȳ (softmax(x) Σt − t), where the gradient it brings takes Σt for one; t̄ = −ȳ log softmax(x)
    kernel: 'softmaxCrossEntropy__op',
    saveInputs: { 0: ['1'], 1: ['0', '1'] },
    pullback: ({ dy, inputs, shapes }) => {
      const logits = inputs[1]!;
      const axis = lastAxis(logits);
      const weight = reshape(dy, [...shapes[1]!.slice(0, -1), 1]);
      return {
        // The op: no backend has a kernel of this name.
        0: () => mul(weight, neg(logSoftmax(logits))),
        1: () => {
          const labels = cast(inputs[0]!, 'float32');
          const shares = runKernel('Softmax', { logits }, { dim: axis });
          return mul(weight, balanced(sub(mul(shares, sum(labels, [axis], true)), labels), shares));
        },
      };
    },
  },
];
