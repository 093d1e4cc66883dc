import { isImprobable } from './confirmation.js';
import type { ProjectedProduct } from './projected-product.js';

/**
 * A check of singular triplets that have converged, as `Confirmation` is one of eigenpairs: is there one beyond them that no
 * start vector so far has shown? A chain is grown from a fresh random right vector r. Let (u, σ, v) be a triplet of which the rows
 * there are have nothing, c = vᵀr. From Av_j = Σ c_ij u_i and Aᵀu_i = Σ d_ji v_j follow its components y_j = vᵀv_j / c along
 * the right rows and x_i = uᵀu_i / c along the left ones,
 *
 *     c_new x_new = σ y_j - Σ_known c_ij x_i,   d_new y_new = σ x_i - Σ_known d_ji y_j,
 *
 * and |c| ‖x‖ ≤ 1, |c| ‖y‖ ≤ 1, as the rows are orthonormal.
 */
export class SingularConfirmation {
  /** Products spent. */
  products = 0;
  private left: number[];
  private right: number[];
  /** Components along what was left of the last products, also where no row came of it. */
  private rest = 0;
  private readonly dimension: number;

  /**
   * @param limit σ beyond which no triplet may be overlooked
   * @param rightRows rows before the fresh vector, which is the next
   * @param size of the right side
   */
  constructor(
    private readonly limit: number,
    rightRows: number,
    leftRows: number,
    size: number,
  ) {
    this.left = new Array<number>(leftRows).fill(0);
    this.right = [...new Array<number>(rightRows).fill(0), 1];
    this.dimension = size - rightRows;
  }

  /**
   * Notes a step.
   *
   * @param row the right row that was multiplied
   * @param products Av, and Aᵀu where there is a u
   * @param isExtended whether a new right row came of it
   */
  observe(row: number, [image, adjoint]: readonly ProjectedProduct[], isExtended: boolean): void {
    this.products++;
    const x = component(this.limit * this.right[row]!, image!, this.left);
    this.rest = x;
    if (adjoint == null) return;
    this.products++;
    this.left.push(x);
    const y = component(this.limit * x, adjoint, this.right);
    if (isExtended) this.right.push(y);
    else this.rest = Math.hypot(x, y);
  }

  /** Notes that the rows have been replaced by combinations of them. */
  rotate(weights: { readonly left: readonly Float64Array[]; readonly right: readonly Float64Array[] }): void {
    this.left = combined(weights.left, this.left);
    this.right = combined(weights.right, this.right);
  }

  /** Whether a triplet beyond the limit would have shown. */
  get isConvinced(): boolean {
    const least = Math.max(Math.hypot(...this.left), Math.hypot(...this.right), Math.abs(this.rest));
    return isImprobable(least, this.dimension);
  }
}

/** What is left of a component by those along the rows that are known, along what the product brought up. */
function component(
  whole: number,
  { coefficients, remainder }: ProjectedProduct,
  known: readonly number[],
): number {
  const rest = coefficients.reduce((sum, c, i) => sum - c * known[i]!, whole);
  return rest === 0 ? 0 : rest / remainder;
}

function combined(weights: readonly Float64Array[], values: readonly number[]): number[] {
  return weights.map((row) => values.reduce((sum, value, i) => sum + value * row[i]!, 0));
}
