/** H of a recurrence AV = VH, column by column: the coefficients of the products A v_j along the rows v_i. */
export class ProjectedMatrix {
  private columns = new Map<number, Float64Array>();

  /** The coefficient of row i in A v_j: 0 where v_j has not been multiplied, or v_i was found later. */
  at(i: number, j: number): number {
    return this.columns.get(j)?.[i] ?? 0;
  }

  /** The coefficients of A v_j, for a multiplied row j, along the rows known then and the one it brought up. */
  column(j: number): Float64Array {
    return this.columns.get(j)!;
  }

  /** Notes the coefficients of A v_j. */
  set(j: number, column: Float64Array): void {
    this.columns.set(j, column);
  }

  /** Adds to coefficients of A v_j. */
  add(j: number, terms: Float64Array): void {
    const length = Math.max(terms.length, this.column(j).length);
    this.columns.set(
      j,
      Float64Array.from({ length }, (_, i) => this.at(i, j) + (terms[i] ?? 0)),
    );
  }

  /** The coefficients of A Σ w_q v_q, for multiplied rows q, along `length` rows. */
  image(rows: readonly number[], weights: Float64Array, length: number): Float64Array {
    const image = new Float64Array(length);
    rows.forEach((row, q) => {
      const column = this.column(row);
      for (let i = 0; i < column.length; i++) image[i]! += weights[q]! * column[i]!;
    });
    return image;
  }

  /** Leaves out row i, which has not been multiplied; those after it move up. */
  drop(i: number): void {
    this.columns = new Map(
      Array.from(this.columns, ([j, column]) => [j > i ? j - 1 : j, without(column, i)]),
    );
  }

  /** Starts anew with these columns. */
  replace(columns: readonly Float64Array[]): void {
    this.columns = new Map(columns.entries());
  }
}

/** A list without its entry i. */
export function without(values: Float64Array, i: number): Float64Array {
  return values.filter((_, other) => other !== i);
}
