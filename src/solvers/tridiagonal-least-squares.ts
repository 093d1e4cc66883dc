/** What a column added to the problem came to. */
export interface RotatedColumn {
  /** Entries of the new column of R: two rows above its diagonal, one above, on it. */
  readonly above: number;
  readonly middle: number;
  readonly pivot: number;
  /** The new entry of t: how far the new direction is gone along. */
  readonly length: number;
  /** The rotation of the column. */
  readonly cosine: number;
  readonly sine: number;
}

/**
 * min ‖βe₁ - Ty‖ for a tridiagonal T that grows column by column, by rotations: T = QR, y = R⁻¹t. In double precision,
 * on the host (Paige & Saunders 1975, §6).
 */
export class TridiagonalLeastSquares {
  /** The largest norm of a column of T: a lower bound of ‖A‖. */
  norm = 0;
  private readonly columns: RotatedColumn[] = [];
  private cosine = 1;
  private sine = 0;
  private lastCosine = 1;
  private lastSine = 0;
  /** The residual, with the sign that the rotations give it. */
  private rest: number;

  /** @param beta ‖r‖ of the residual at the start */
  constructor(beta: number) {
    this.rest = beta;
  }

  /** ‖βe₁ - Ty‖. */
  get residualNorm(): number {
    return Math.abs(this.rest);
  }

  get size(): number {
    return this.columns.length;
  }

  /** ‖Ar‖/‖r‖ of the present residual, if the next column of T is (beta, alpha, nextBeta). */
  slope(beta: number, alpha: number, nextBeta: number): number {
    const corner = this.cosine * alpha - this.sine * this.lastCosine * beta;
    return Math.hypot(corner, this.cosine * nextBeta);
  }

  /** Takes up the next column of T. */
  add(beta: number, alpha: number, nextBeta: number): RotatedColumn {
    const { cosine, sine, lastCosine, lastSine } = this;
    this.norm = Math.max(this.norm, Math.hypot(beta, alpha, nextBeta));
    const corner = cosine * alpha - sine * lastCosine * beta;
    const pivot = Math.hypot(corner, nextBeta);
    [this.lastCosine, this.lastSine] = [cosine, sine];
    [this.cosine, this.sine] = [corner / pivot, nextBeta / pivot];
    const above = lastSine * beta;
    const middle = cosine * lastCosine * beta + sine * alpha;
    const column = {
      ...{ above, middle, pivot },
      ...{ cosine: this.cosine, sine: this.sine, length: this.cosine * this.rest },
    };
    this.columns.push(column);
    this.rest *= -this.sine;
    return column;
  }

  /** y. */
  solution(): Float64Array {
    return this.solve(this.size, (i) => this.columns[i]!.length);
  }

  /** y before the last column, with a 0 for that; null where it was 0, and unless it is twice as long now. */
  solutionBefore(): Float64Array | null {
    if (this.size < 2) return null;
    const before = new Float64Array(this.size);
    before.set(this.solve(this.size - 1, (i) => this.columns[i]!.length));
    return Math.hypot(...this.solution()) >= 2 * Math.hypot(...before) ? before : null;
  }

  /** R⁻¹e_i: the direction i in terms of the basis. */
  direction(i: number): Float64Array {
    return this.solve(this.size, (row) => (row === i ? 1 : 0));
  }

  /** R⁻¹ times a vector, for the first columns. */
  private solve(count: number, right: (i: number) => number): Float64Array {
    const { columns } = this;
    const y = Float64Array.from({ length: count }, (_, i) => right(i));
    for (let j = count - 1; j >= 0; j--) {
      const { above, middle, pivot } = columns[j]!;
      y[j]! /= pivot;
      if (j > 0) y[j - 1]! -= middle * y[j]!;
      if (j > 1) y[j - 2]! -= above * y[j]!;
    }
    return y;
  }
}
