import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import {
  abs,
  add,
  div,
  divNoNan,
  equal,
  less,
  max,
  maximum,
  minimum,
  mul,
  scalar,
  sub,
  sum,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import { euclideanNorm } from '../rows.js';
import { synchronousRead } from '../tfjs/capabilities.js';

/**
 * Steps from coarse to fine, as parts of the parameters that a direction moves. The error of a smooth gradient falls by 16
 * from one to the next, that of its rounding grows by 4: the two meet near the second or third in float32. The finer
 * ones are for losses with kinks, which a shorter step is less likely to cross.
 */
const parts = [2 ** -8, 2 ** -10, 2 ** -12, 2 ** -14, 2 ** -16];

/** Differences at two steps that agree to this are taken: the errors of float32 lie below, most kinks above. */
const agreement = 1e-3;

/** The same as a part of the largest product so far: what is below does not count beside the other eigenvalues. */
const agreementToLargest = 1e-4;

/**
 * The unit of a step along parameters that are zero is 1, but where all are small at most so many times the largest: the
 * coarsest step is a quarter of that then.
 */
const largestParameters = 64;

/** What came of measuring along one direction. */
export interface DirectionalDifference {
  /** Hv. */
  readonly product: Tensor1D;
  /** ‖difference‖ between two steps by ‖Hv‖: an estimate of the relative error. */
  readonly disagreement: Scalar;
  /** The finer step, in units of v. */
  readonly step: Scalar;
}

/** What two steps come to, with the length of the change from one to the other. */
interface Candidate {
  readonly product: Tensor1D;
  readonly change: Scalar;
  readonly step: Scalar;
}

/** Differences of the gradient at one step: ahead, behind, and their mean, the central difference. */
interface Differences {
  readonly step: Scalar;
  readonly sides: readonly { readonly difference: Tensor1D; readonly order: number }[];
}

/**
 * Derivatives of a gradient g along directions v by differences,
 *
 *     (g(θ + hv) − g(θ − hv)) / 2h,   (g(θ + hv) − g(θ)) / h,   (g(θ) − g(θ − hv)) / h,
 *
 * at a step that is chosen for the direction: h‖v‖ = 2^(−8 − 2j) (u + Σ|θ_i v_i|/‖v‖), u = min(1, 64 max|θ_i|), 1 where
 * θ = 0. Two steps that follow on each other are compared, each kind of difference with itself, and extrapolated to h = 0
 * (Richardson 1911), from coarse steps to fine ones until a kind agrees; else the pair that agrees best is taken. One side
 * of θ may be clear of kinks where the other is not. The search begins where the last one ended.
 */
export class GradientDifferences {
  private begin = 0;
  private largest = 0;

  /**
   * @param gradient g(θ), which stays the caller's
   * @param gradientAt g at other parameters
   */
  constructor(
    private readonly gradient: Tensor1D,
    private readonly gradientAt: (theta: Tensor1D) => Tensor1D,
  ) {}

  /** Cost: four gradients where the first two steps agree, two more for each further one, at most ten. */
  along(theta: Tensor1D, v: Tensor1D): DirectionalDifference {
    const length = euclideanNorm([v]);
    const unit: Tensor1D = divNoNan(v, length);
    const coarsest = this.coarsest(theta, unit);
    const canRead = synchronousRead() === 'free';
    let best: Candidate | null = null;
    let last: { readonly at: number; readonly differences: Differences } | null = null;
    for (const at of this.order()) {
      const differences: Differences = this.differencesAt(theta, unit, mul(coarsest, parts[at]! / parts[0]!));
      if (last?.at === at - 1) best = betterOf(best, extrapolate(last.differences, differences));
      last = { at, differences };
      if (best == null || !canRead || !this.isEnough(best)) continue;
      this.begin = at - 1;
      break;
    }
    const { product, change, step } = best!;
    const disagreement: Scalar = div(change, maximum(euclideanNorm([product]), 1e-37));
    return { product: mul(product, length), disagreement, step: divNoNan(step, length) };
  }

  /**
   * The step, in units of v, that rounding is told by: where differences are nothing else, those of the first two steps
   * agree best, and their product is that of the finer one.
   */
  stepOfRounding(theta: Tensor1D, v: Tensor1D): Scalar {
    const length = euclideanNorm([v]);
    return divNoNan(mul(this.coarsest(theta, divNoNan(v, length)), parts[1]! / parts[0]!), length);
  }

  private coarsest(theta: Tensor1D, unit: Tensor1D): Scalar {
    const largest = max(abs(theta));
    const least = where(equal(largest, 0), 1, minimum(1, mul(largest, largestParameters)));
    return mul(add(least, sum(abs(mul(theta, unit)))), parts[0]!);
  }

  /** From where the last search ended to the finest step, then from the coarsest. */
  private order(): number[] {
    const all = parts.map((_, at) => at);
    return this.begin === 0 ? all : [...all.slice(this.begin), ...all.slice(0, this.begin + 1)];
  }

  private isEnough({ product, change }: Candidate): boolean {
    const [error, size] = tidy(() => [
      change.dataSync()[0]!,
      euclideanNorm([product]).dataSync()[0]!,
    ]) as number[];
    const isEnough = error! <= agreement * size! || error! <= agreementToLargest * this.largest;
    if (isEnough) this.largest = Math.max(this.largest, size!);
    return isEnough;
  }

  private differencesAt(theta: Tensor1D, unit: Tensor1D, step: Scalar): Differences {
    return tidy(() => {
      const displacement: Tensor1D = mul(unit, step);
      const ahead: Tensor1D = div(sub(this.gradientAt(add(theta, displacement)), this.gradient), step);
      const behind: Tensor1D = div(sub(this.gradient, this.gradientAt(sub(theta, displacement))), step);
      const central: Tensor1D = mul(add(ahead, behind), 0.5);
      const sides = [
        { difference: central, order: 2 },
        { difference: ahead, order: 1 },
        { difference: behind, order: 1 },
      ];
      return { step, sides };
    });
  }
}

/** The best of the three kinds from two steps of which the finer is a quarter of the other. */
function extrapolate(coarse: Differences, fine: Differences): Candidate {
  const kinds = fine.sides.map(({ difference, order }, i) => {
    const change: Tensor1D = sub(difference, coarse.sides[i]!.difference);
    // The error of order p falls by 4^p.
    const product: Tensor1D = add(difference, mul(change, 1 / (4 ** order - 1)));
    return { product, change: euclideanNorm([change]), step: fine.step };
  });
  return kinds.reduce((best: Candidate | null, kind) => betterOf(best, kind), null)!;
}

/**
 * The one with the smaller change, chosen on the device; one that is not finite never. The change itself counts, not its
 * ratio to the product: where that is zero, all differences are rounding, and the coarsest have least of it.
 */
function betterOf(best: Candidate | null, other: Candidate): Candidate {
  const held = best ?? { ...other, change: scalar(Infinity) };
  const isBetter = less(other.change, held.change);
  return {
    product: where(isBetter, other.product, held.product),
    change: where(isBetter, other.change, held.change),
    step: where(isBetter, other.step, held.step),
  };
}
