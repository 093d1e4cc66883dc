import type { KrylovBasis } from './basis.js';
import type { Candidate } from './candidate.js';
import { discard } from './candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { orthogonalize } from './orthogonalize.js';
import type { ProjectedMatrix } from './projected-matrix.js';
import { without } from './projected-matrix.js';

/** A row that has not been multiplied, out of the basis. */
interface RowAside {
  readonly candidate: Candidate;
  /** For each row j of the basis as it was then, the coefficient of A v_j along this one. */
  couplings: Float64Array;
}

/**
 * Rows that have not been multiplied, out of the basis for a while, so that what joins it meanwhile is orthogonal to the
 * multiplied rows alone. By symmetry the coefficients of A v_j along what joins are those of its products along v_j:
 * no product is needed to take the rows back.
 */
export class RowsAside {
  private rows: RowAside[] = [];

  constructor(
    private readonly basis: KrylovBasis,
    private readonly matrix: ProjectedMatrix,
  ) {}

  get length(): number {
    return this.rows.length;
  }

  /** Takes row i out of basis and matrix. */
  put(i: number): void {
    const couplings = Float64Array.from({ length: this.basis.rows }, (_, j) => this.matrix.at(i, j));
    for (const other of this.rows) other.couplings = without(other.couplings, i);
    this.rows.unshift({ candidate: this.basis.take(i), couplings: without(couplings, i) });
    this.matrix.drop(i);
  }

  /** Gives rows that were multiplied before, of some, their coefficients along a row multiplied now. */
  mirror(row: number, processed: readonly number[]): void {
    const before = this.rows[0]?.couplings.length ?? 0;
    for (const j of processed.filter((other) => other < before)) {
      const terms = new Float64Array(row + 1);
      terms[row] = this.matrix.at(j, row) - this.matrix.at(row, j);
      this.matrix.add(j, terms);
    }
  }

  /**
   * The row set aside first, orthogonal to all rows of the basis by now, for the caller to append.
   *
   * @param processed the rows multiplied by now: along them the coefficients are known
   * @returns its candidate, and the norm of what is left of the row
   */
  *takeBack(processed: readonly number[]): SolverSteps<{ candidate: Candidate; remainder: number }> {
    const { candidate, couplings } = this.rows.shift()!;
    const { coefficients, remainder } = yield* orthogonalize(this.basis, candidate);
    const parts = Float64Array.of(...coefficients, remainder);
    for (const row of processed) parts[row] = 0;
    for (const j of processed.filter((row) => row < couplings.length)) {
      this.matrix.add(
        j,
        parts.map((part) => couplings[j]! * part),
      );
    }
    return { candidate, remainder };
  }

  dispose(): void {
    for (const { candidate } of this.rows) discard(candidate);
    this.rows = [];
  }
}
