import type { Which } from '../symmetric-eigen.js';

/** Probability with which a check may overlook a pair that it looks for, if that lies at the limit; less beyond. */
const DOUBT = 1e-2;

/** Whether a random vector of R^d has a component as small as 1/norm on a unit vector with a probability below the doubt. */
export function isImprobable(norm: number, dimension: number): boolean {
  return Math.sqrt((2 * dimension) / Math.PI) <= DOUBT * norm;
}

/**
 * Whether the largest Ritz value of a random vector of R^d after some products lies that far below the largest eigenvalue
 * with a probability below the doubt: 1.648 √d e^(−(2m−1)√ε) at most (Kuczyński & Woźniakowski, SIAM J. Matrix Anal. Appl. 13
 * (1992), §4).
 *
 * @param products m
 * @param share ε, the distance as a share of that between the largest and the smallest eigenvalue
 */
export function isImprobableAfter(products: number, share: number, dimension: number): boolean {
  const exponent = (2 * products - 1) * Math.sqrt(Math.max(0, share));
  return 1.648 * Math.sqrt(dimension) * Math.exp(-exponent) <= DOUBT;
}

/**
 * A check of pairs that have converged: is there one beyond them that no start vector so far has shown?
 *
 * A Krylov space holds one vector of each eigenspace and only what its start vector contains: copies of a repeated
 * eigenvalue are invisible to it, and so for long is an eigenvector of which the start vector has little. Residuals
 * cannot tell. So a chain is grown from a fresh random vector r, orthogonal to all rows there are. Let u be an eigenvector
 * of which these have nothing, λ its eigenvalue, c = uᵀr. Since A v_j = Σ h_ij v_i, its components x_i = uᵀv_i / c
 * along the rows follow from the coefficients alone:
 *
 *     h_new x_new = λ x_j - Σ_known h_ij x_i,   with 1 for r and 0 for the rows before it.
 *
 * The rows are orthonormal, so |c| ‖x‖ ≤ 1, and a random r of R^d has so little of u with probability √(2d/π) / ‖x‖ at
 * most. Taken at the value beyond which no eigenvalue may be overlooked, that is what the check has left of doubt: where the
 * pairs stand out of the rest it is gone after two or three products, at the edge of a bulk it takes more. (Bounds of
 * this kind: van Dorsselaer, Hochstenbach & van der Vorst, SIAM J. Matrix Anal. Appl. 22 (2001), §3.)
 */
export class Confirmation {
  /** Products spent. */
  products = 0;
  private components: number[][];
  /** d, the dimension of what is orthogonal to the rows before. */
  private readonly dimension: number;

  /**
   * @param limits values beyond which no eigenvalue may be overlooked
   * @param rows rows of the basis before the fresh vector, which is the next
   * @param size n
   */
  constructor(
    private readonly limits: readonly number[],
    rows: number,
    size: number,
  ) {
    this.components = limits.map(() => [...new Array<number>(rows).fill(0), 1]);
    this.dimension = size - rows;
  }

  /**
   * Notes a product.
   *
   * @param row the row multiplied
   * @param column its coefficients along the rows there were, and along the new one if there is one
   */
  observe(row: number, column: Float64Array): void {
    this.products++;
    this.components.forEach((x, i) => {
      const known = x.length;
      if (column.length <= known) return;
      let rest = this.limits[i]! * x[row]!;
      for (let j = 0; j < known; j++) rest -= column[j]! * x[j]!;
      x.push(rest / column[known]!);
    });
  }

  /** Notes that the rows have been replaced by combinations of them. */
  rotate(weights: readonly Float64Array[]): void {
    this.components = this.components.map((x) =>
      weights.map((row) => x.reduce((sum, value, i) => sum + value * row[i]!, 0)),
    );
  }

  /** Whether an eigenvalue beyond the limits would have shown. */
  get isConvinced(): boolean {
    const least = Math.min(...this.components.map((x) => Math.hypot(...x)));
    return isImprobable(least, this.dimension);
  }
}

/**
 * The values that lie beyond the last of the wanted eigenvalues at each end.
 *
 * @param wanted the eigenvalues, at least two for both ends, in the order in which they are wanted
 * @param margin how far beyond an eigenvalue
 */
export function limitsBeyond(
  which: Which,
  wanted: Float64Array,
  margin: (value: number) => number,
): number[] {
  const last = wanted.at(-1)!;
  if (which === 'LA') return [last + margin(last)];
  if (which === 'SA') return [last - margin(last)];
  if (which === 'LM') {
    const limit = Math.abs(last) + margin(last);
    return [-limit, limit];
  }
  const other = wanted.at(-2)!;
  const [low, high] = [Math.min(last, other), Math.max(last, other)];
  return [low - margin(low), high + margin(high)];
}
