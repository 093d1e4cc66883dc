import { without } from './projected-matrix.js';

/** d, for each left row u_i in turn: the coefficients of Aᵀu_i along the right rows, Aᵀ u_i = Σ_j d_ji v_j. */
export class AdjointCoefficients {
  private columns: Float64Array[] = [];

  /** d_ji for right row j; 0 where it came later. */
  at(i: number, j: number): number {
    return this.columns[i]![j] ?? 0;
  }

  /** Notes those of a further left row. */
  push(column: Float64Array): void {
    this.columns.push(column);
  }

  /** The first left row that has something of right row j beyond what is negligible; -1 for none. */
  firstAlong(j: number, negligible: number): number {
    return this.columns.findIndex((_, i) => Math.abs(this.at(i, j)) > negligible);
  }

  /** Those of Aᵀ times a combination of the left rows, along `rows` right ones. */
  image(left: Float64Array, rows: number): Float64Array {
    const image = new Float64Array(rows);
    this.columns.forEach((column, i) => column.forEach((d, j) => (image[j]! += left[i]! * d)));
    return image;
  }

  /** Takes right row j out. @returns what each left row has of it */
  drop(j: number): Float64Array {
    const along = Float64Array.from(this.columns, (_, i) => this.at(i, j));
    this.columns = this.columns.map((column) => without(column, j));
    return along;
  }

  /** Gives the first `count` left rows what they have of right row j. */
  set(j: number, along: Float64Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const column = new Float64Array(Math.max(j + 1, this.columns[i]!.length));
      column.set(this.columns[i]!);
      column[j] = along[i]!;
      this.columns[i] = column;
    }
  }

  /** Adds to each left row its share of a vector with these parts along the right rows. */
  add(shares: Float64Array, parts: Float64Array): void {
    shares.forEach((share, i) => {
      this.columns[i] = parts.map((part, j) => this.at(i, j) + share * part);
    });
  }

  /** Notes that both rows have been replaced by combinations of them. */
  rotate(left: readonly Float64Array[], right: readonly Float64Array[]): void {
    this.columns = left.map((weights) => {
      const image = this.image(weights, right[0]!.length);
      return Float64Array.from(right, (row) => row.reduce((sum, weight, j) => sum + weight * image[j]!, 0));
    });
  }
}
