import { convergenceThreshold } from './convergence-threshold.js';

/** When pairs of A x = λ B x count as found. */
export interface BlockTolerance {
  readonly tol: number;
  /** Largest ‖Au‖ seen of a unit vector u. */
  readonly norm: number;
  /** What is zero to rounding; 0 where that was not asked. */
  readonly zero: number;
  /** Whether B is not the identity. */
  readonly isMetric: boolean;
}

/** What is known of the vectors of a block, with xᵀBx = 1, the wanted ones first. */
export class BlockPairs {
  /**
   * @param values θ
   * @param residualNorms ‖Ax − θBx‖
   * @param dualNorms ‖Bx‖
   */
  constructor(
    readonly values: Float64Array,
    readonly residualNorms: Float64Array,
    private readonly dualNorms: Float64Array,
  ) {}

  /** Some of them, in the order of the indices. */
  pick(indices: readonly number[]): BlockPairs {
    const of = (numbers: Float64Array): Float64Array => Float64Array.from(indices, (i) => numbers[i]!);
    return new BlockPairs(of(this.values), of(this.residualNorms), of(this.dualNorms));
  }

  /** How many of the first are within the tolerance. */
  numWithin(count: number, tolerance: BlockTolerance): number {
    return this.first(count).filter((i) => this.isWithin(i, tolerance)).length;
  }

  /** Whether so many there are, and all of them are within the tolerance. */
  areWithin(count: number, tolerance: BlockTolerance): boolean {
    return this.values.length >= count && this.numWithin(count, tolerance) === count;
  }

  /** Those that are not within the tolerance, and have a residual to improve them by. */
  open(tolerance: BlockTolerance): number[] {
    return this.first(Infinity).filter((i) => !this.isWithin(i, tolerance) && this.residualNorms[i]! > 0);
  }

  /** How many times the residual that is allowed the worst of the first has. */
  worst(count: number, tolerance: BlockTolerance): number {
    return Math.max(...this.first(count).map((i) => this.residualNorms[i]! / this.allowed(i, tolerance)));
  }

  /**
   * How far an eigenvalue may lie from that of pair i for all that the tolerance says, in its own units: ‖x‖ ≥ 1/‖Bx‖ turns a
   * residual into them.
   */
  margin(i: number, tolerance: BlockTolerance): number {
    return this.allowed(i, tolerance) / (tolerance.isMetric ? this.dualNorms[i]! : 1);
  }

  private isWithin(i: number, tolerance: BlockTolerance): boolean {
    return this.residualNorms[i]! <= this.allowed(i, tolerance);
  }

  private allowed(i: number, { tol, norm, zero, isMetric }: BlockTolerance): number {
    const dualNorm = isMetric ? this.dualNorms[i]! : 1;
    // ‖x‖ ≥ 1/‖Bx‖, as xᵀBx = 1.
    return convergenceThreshold(this.values[i]! * dualNorm, tol, norm / dualNorm, zero / dualNorm);
  }

  private first(count: number): number[] {
    return Array.from({ length: Math.min(count, this.values.length) }, (_, i) => i);
  }
}
