import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { scalar } from '@tensorflow/tfjs-core';
import { LARGEST_FLOAT32 } from '../../float32.js';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { broadcastTo, sumTo } from '../../tfjs/kernels/broadcast.js';
import {
  abs,
  add,
  div,
  equal,
  greater,
  greaterEqual,
  indicator,
  less,
  lessEqual,
  mul,
  multiplyNoNan,
  neg,
  noneWithout,
  once,
  scale,
  shift,
  sub,
} from '../../tfjs/kernels/kernel-ops.js';

/** One output of one or two operands; each adjoint is summed over what was broadcast. */
const both = { a: ['a', 'b'], b: ['a', 'b'] };

/** The largest number of its sign for an infinite one. */
const finite = (x: Tensor): Tensor => {
  const isInfinite = equal(abs(x), scalar(Infinity));
  return runKernel('Select', {
    condition: isInfinite,
    t: scale(runKernel('Sign', { x }), LARGEST_FLOAT32),
    e: x,
  });
};

type Comparison = (a: Tensor, b: Tensor) => Tensor;

/**
 * Maximum or minimum: the adjoint goes to the operand that wins. Which one does at a tie is a question of sides, see
 * docs/numerics.md: |a − b| has the slope of a − b = 0⁻, so the maximum is b there and the minimum a. Where b alone
 * carries a derivative it is the one to come from below, and the maximum is the constant a.
 */
function extremumRule(kernel: string, winsFromBelow: Comparison, winsOverRising: Comparison): GradientRule {
  return {
    kernel,
    constants: ({ a, b }: NamedTensorMap, [y], __, varying) => {
      const [aVaries, bVaries] = [varying.includes('a'), varying.includes('b')];
      const aWins = noneWithout(y!, indicator((aVaries ? winsFromBelow : winsOverRising)(a!, b!)));
      return bVaries ? [aWins, sub(scalar(1), aWins)] : [aWins];
    },
    pullback: ({ dy, constants, shapes }) => ({
      a: () => sumTo(multiplyNoNan(dy, constants[0]!), shapes.a!),
      b: () => sumTo(multiplyNoNan(dy, constants[1]!), shapes.b!),
    }),
  };
}

/**
 * b·a^(b−1), which is 0 for b = 0 also at a = 0, where 0·0⁻¹ would not be a number: the second derivative of x¹. Elsewhere it
 * keeps its own slope along b, 1/a at b = 0.
 */
function powerDerivative(a: Tensor, b: Tensor): Tensor {
  const [isZero, exponentIsZero] = [indicator(equal(a, scalar(0))), indicator(equal(b, scalar(0)))];
  const exponent = add(shift(b, -1), scale(mul(isZero, exponentIsZero), 2));
  return mul(b, runKernel('Pow', { a, b: exponent }));
}

/** log |a|, and 0 at 0. */
const logOfSize = (a: Tensor, isZero: Tensor): Tensor => runKernel('Log', { x: add(abs(a), isZero) });

/** y = a/b: ā = ȳ/b, b̄ = −(ȳ/b)(a/b), with what b counts as. */
function quotientRule(kernel: string, divisor: (b: Tensor) => Tensor): GradientRule {
  return {
    kernel,
    saveInputs: { a: ['b'], b: ['a', 'b'] },
    derived: ({ inputs }) => {
      const [a, b] = [inputs.a, divisor(inputs.b!)];
      return a == null ? [b] : [b, neg(div(a, b))];
    },
    pullback: ({ dy, derived, shapes }) => {
      const quotient = once(() => div(dy, derived[0]!));
      return {
        a: () => sumTo(quotient(), shapes.a!),
        b: () => sumTo(mul(quotient(), derived[1]!), shapes.b!),
      };
    },
  };
}

export const arithmeticRules: readonly GradientRule[] = [
  {
    kernel: 'Add',
    pullback: ({ dy, shapes }) => ({ a: () => sumTo(dy, shapes.a!), b: () => sumTo(dy, shapes.b!) }),
  },
  {
    kernel: 'Sub',
    pullback: ({ dy, shapes }) => ({ a: () => sumTo(dy, shapes.a!), b: () => neg(sumTo(dy, shapes.b!)) }),
  },
  {
    kernel: 'AddN',
    pullback: ({ dy, shapes }) => Object.fromEntries(Object.keys(shapes).map((name) => [name, () => dy])),
  },
  {
    kernel: 'Multiply',
    saveInputs: { a: ['b'], b: ['a'] },
    pullback: ({ dy, inputs, shapes }) => ({
      a: () => sumTo(mul(dy, inputs.b!), shapes.a!),
      b: () => sumTo(mul(dy, inputs.a!), shapes.b!),
    }),
  },
  {
    // A b that is fixed is a mask. One that varies is an adjoint, which a slope a has been multiplied by. Where dy is 0 too,
    // as behind a mask, the infinite one of them counts for nothing.
    kernel: 'tfjs-curvature/MultiplyNoNan',
    saveInputs: { a: ['b'], b: ['a'] },
    constants: ({ b }, _, __, varying) => (varying.includes('b') ? [] : [b!]),
    pullback: ({ dy, inputs, constants: [mask] }) => ({
      a: () => (mask == null ? multiplyNoNan(inputs.b!, dy) : multiplyNoNan(dy, mask)),
      b: () => multiplyNoNan(inputs.a!, dy),
    }),
  },
  quotientRule('RealDiv', (b) => b),
  // tf.divNoNan puts 0 where b = 0 in place of the quotient, whose adjoint is 0 there, and then is that of a.
  quotientRule('tfjs-curvature/DivNoNan', (b) => add(b, indicator(equal(b, scalar(0))))),
  {
    kernel: 'SquaredDifference',
    saveInputs: both,
    derived: ({ inputs }) => [scale(sub(inputs.a!, inputs.b!), 2)],
    pullback: ({ dy, derived, shapes }) => {
      const adjoint = once(() => mul(dy, derived[0]!));
      return { a: () => sumTo(adjoint(), shapes.a!), b: () => neg(sumTo(adjoint(), shapes.b!)) };
    },
  },
  extremumRule('Maximum', greater, greaterEqual),
  extremumRule('Minimum', lessEqual, less),
  {
    // y = a − ⌊a/b⌋ b, with the ⌊a/b⌋ that y was computed with: where a/b rounds up to a whole number, another.
    kernel: 'Mod',
    constants: ({ a, b }, [y], _, varying) =>
      varying.includes('b') ? [runKernel('Round', { x: div(sub(a!, y!), b!) })] : [],
    pullback: ({ dy, constants, shapes }) => ({
      a: () => sumTo(dy, shapes.a!),
      b: () => neg(sumTo(mul(dy, constants[0]!), shapes.b!)),
    }),
  },
  {
    // y = atan(a/b): ∂a = b/(a² + b²), ∂b = −a/(a² + b²). By a/s and b/s for s = max(|a|, |b|): squares may leave the range.
    // What is infinite counts as the largest number.
    kernel: 'Atan2',
    saveInputs: both,
    constants: ({ a, b }) => [runKernel('Maximum', { a: finite(abs(a!)), b: finite(abs(b!)) })],
    pullback: ({ dy, inputs, constants: [s], shapes }) => {
      const [a, b] = [div(finite(inputs.a!), s!), div(finite(inputs.b!), s!)];
      const weighted = once(() => div(div(dy, s!), add(mul(a, a), mul(b, b))));
      return {
        a: () => sumTo(mul(weighted(), b), shapes.a!),
        b: () => neg(sumTo(mul(weighted(), a), shapes.b!)),
      };
    },
  },
  {
    // y = a^b: ∂a = b a^(b−1), ∂b = y log a. At a = 0 nothing depends on b, in any order: the mixed derivative has no limit.
    kernel: 'Pow',
    saveInputs: both,
    constants: ({ a, b }, [y], _, varying) => {
      if (!varying.includes('b')) return [];
      const isZero = indicator(equal(a!, scalar(0)));
      const fixed = broadcastTo(isZero, y!.shape);
      const atNegative = multiplyNoNan(logOfSize(a!, isZero), indicator(less(a!, scalar(0))));
      return [sub(scalar(1), fixed), multiplyNoNan(broadcastTo(b!, y!.shape), fixed), isZero, atNegative];
    },
    pullback: ({ dy, inputs, constants: [moves, fixed, isZero, atNegative], shapes }) => {
      const a = inputs.a!;
      const b =
        moves == null ? inputs.b! : add(multiplyNoNan(broadcastTo(inputs.b!, dy.shape), moves), fixed!);
      return {
        a: () => sumTo(multiplyNoNan(powerDerivative(a, b), dy), shapes.a!),
        b: () => {
          const slope = mul(runKernel('Pow', { a, b }), sub(logOfSize(a, isZero!), atNegative!));
          return sumTo(multiplyNoNan(multiplyNoNan(slope, dy), moves!), shapes.b!);
        },
      };
    },
  },
];
