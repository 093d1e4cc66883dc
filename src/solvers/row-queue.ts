/**
 * Which rows of a Krylov basis have been multiplied, and which are still to be: the indices, which change as rows are
 * taken out and replaced.
 */
export class RowQueue {
  /** Rows that have been multiplied, in the order of their products. */
  processed: readonly number[] = [];
  /** Rows that are still to be multiplied, oldest first. */
  pending: readonly number[] = [];

  /** Notes a row that has joined. */
  push(row: number): void {
    this.pending = [...this.pending, row];
  }

  /** A row is pending no longer. */
  remove(row: number): void {
    this.pending = this.pending.filter((other) => other !== row);
  }

  /** A row has been multiplied. */
  process(row: number): void {
    this.processed = [...this.processed, row];
  }

  /** The row processed last counts as not multiplied, nor is it pending again. */
  forgetLast(): void {
    this.processed = this.processed.slice(0, -1);
  }

  /** A pending row leaves the basis; the rows after it move up. */
  takeOut(row: number): void {
    this.remove(row);
    this.processed = this.processed.map(afterTakingOut(row));
    this.pending = this.pending.map(afterTakingOut(row));
  }

  /** Coefficients with respect to all `rows` rows from those with respect to the processed ones. */
  expand(coefficients: Float64Array, rows: number): Float64Array {
    const expanded = new Float64Array(rows);
    this.processed.forEach((row, i) => (expanded[row] = coefficients[i]!));
    return expanded;
  }

  /**
   * The processed rows are replaced by combinations of them, which come first; the pending rows stay.
   *
   * @param combinations coefficients with respect to the processed rows
   * @param rows how many rows there are
   * @returns the new rows as weights of the old ones
   */
  replace(combinations: readonly Float64Array[], rows: number): Float64Array[] {
    const combined = combinations.map((coefficients) => this.expand(coefficients, rows));
    const kept = this.pending.map((row) => {
      const unit = new Float64Array(rows);
      unit[row] = 1;
      return unit;
    });
    this.processed = combined.map((_, i) => i);
    this.pending = kept.map((_, i) => combined.length + i);
    return [...combined, ...kept];
  }
}

/** Where the other rows are once a row has been taken out. */
export function afterTakingOut(row: number): (other: number) => number {
  return (other) => (other > row ? other - 1 : other);
}
