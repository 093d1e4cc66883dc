import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add, concat, matMul, mul, reshape, slice, sub, tensor2d, tidy } from '@tensorflow/tfjs-core';

/**
 * Columns of a tile. Inner products are summed within a tile in float32 and over the tiles afterwards, so that
 * their error does not grow with n; 2^16 keeps a tile of 8 rows at 2 MiB and the kernel calls few.
 */
const TILE_COLUMNS = 2 ** 16;

/** Rows of a block: appending copies at most this many rows, and a matrix-vector product takes 8 rows at once. */
const BLOCK_ROWS = 8;

/** Some rows of the basis: one tile [rows, columns] for each range of columns. */
interface Block {
  readonly rows: number;
  readonly tiles: Tensor2D[];
}

/** A vector made orthogonal to the basis, not yet part of it. */
export interface Candidate {
  /** The remainder, cut like the basis into tiles [1, columns]; owned by the holder of the candidate. */
  readonly tiles: Tensor2D[];
  /**
   * Small tensor for the host: the coefficients along the rows, then the squared norm of each tile of the
   * remainder. Owned by the holder of the candidate.
   */
  readonly measures: Tensor1D;
}

/**
 * Orthonormal rows of R^n on the device.
 *
 * Tensors cannot be written in place, so the rows lie in blocks of tiles: appending a row copies only the last,
 * unfilled block, and every operation that changes the rows goes tile by tile. Beyond its rows and the vector it
 * is given the basis needs one further vector of length n and a few tiles, 2 MiB each.
 */
export class KrylovBasis {
  private blocks: Block[] = [];

  /** @param size n, the length of the rows */
  constructor(readonly size: number) {}

  /** The number of rows. */
  get rows(): number {
    return this.blocks.reduce((sum, block) => sum + block.rows, 0);
  }

  /**
   * Makes a vector orthogonal to all rows by two passes of classical Gram-Schmidt: w - Vᵀ(Vw), twice
   * ("twice is enough", Giraud, Langou, Rozložník & van den Eshof 2005).
   *
   * @param vector shape [n]; disposed here
   * @returns the remainder and its coefficients, owned by the caller
   */
  orthogonalize(vector: Tensor1D): Candidate {
    return tidy(() => {
      const tiles = this.split(vector);
      vector.dispose();
      const first = this.project(tiles);
      this.subtract(tiles, first);
      const second = this.project(tiles);
      this.subtract(tiles, second);
      const coefficients = first.map((part, i) => reshape(add(part, second[i]!), [-1]) as Tensor1D);
      const squares = tiles.map((tile) => reshape(matMul(tile, tile, false, true), [1]) as Tensor1D);
      return { tiles, measures: concat([...coefficients, ...squares]) };
    });
  }

  /**
   * Adds the remainder of a candidate, times `scale`, as a new last row.
   *
   * @param candidate made by {@link orthogonalize} of this basis; its tiles are disposed here
   */
  append(candidate: Candidate, scale: number): void {
    const last = this.blocks.at(-1);
    const open = last != null && last.rows < BLOCK_ROWS ? this.blocks.pop()! : { rows: 0, tiles: [] };
    const tiles = candidate.tiles.map((tile, j) => {
      const old = open.tiles[j];
      const grown = tidy(() => {
        const row = mul(tile, scale) as Tensor2D;
        return old == null ? row : concat([old, row], 0);
      });
      old?.dispose();
      tile.dispose();
      return grown;
    });
    this.blocks.push({ rows: open.rows + 1, tiles });
  }

  /** Row i as a new vector of shape [n], owned by the caller. */
  row(i: number): Tensor1D {
    let first = 0;
    for (const block of this.blocks) {
      const local = i - first;
      if (local < block.rows) {
        return tidy(() =>
          concat(block.tiles.map((tile) => reshape(slice(tile, [local, 0], [1, -1]), [-1]) as Tensor1D)),
        );
      }
      first += block.rows;
    }
    throw new RangeError(`row ${i} of a basis of ${this.rows}`);
  }

  /**
   * Replaces the rows V by WV.
   *
   * @param weights W: the new rows, each a list of one weight per old row
   */
  rotate(weights: readonly ArrayLike<number>[]): void {
    const old = this.blocks;
    const columns = old[0]?.tiles.length ?? 0;
    let first = 0;
    const parts = old.map((block) => {
      const from = first;
      first += block.rows;
      const values = weights.flatMap((row) => Array.from({ length: block.rows }, (_, i) => row[from + i]!));
      return tensor2d(values, [weights.length, block.rows]);
    });
    const tiles: Tensor2D[] = [];
    for (let j = 0; j < columns; j++) {
      tiles.push(
        tidy(() => {
          let sum: Tensor2D = matMul(parts[0]!, old[0]!.tiles[j]!);
          for (let b = 1; b < old.length; b++) {
            const more = matMul(parts[b]!, old[b]!.tiles[j]!);
            const next: Tensor2D = add(sum, more);
            sum.dispose();
            more.dispose();
            sum = next;
          }
          return sum;
        }),
      );
      for (const block of old) block.tiles[j]!.dispose();
    }
    for (const part of parts) part.dispose();
    this.blocks = [{ rows: weights.length, tiles }];
  }

  /**
   * Hands the rows over as one tensor and leaves the basis empty.
   *
   * @returns shape [rows, n], owned by the caller
   */
  release(): Tensor2D {
    const bands = this.blocks.map(({ tiles }) => (tiles.length === 1 ? tiles[0]! : concat(tiles, 1)));
    const whole = bands.length === 1 ? bands[0]! : (concat(bands, 0) as Tensor2D);
    for (const band of bands) if (band !== whole) band.dispose();
    for (const { tiles } of this.blocks) for (const tile of tiles) if (tile !== whole) tile.dispose();
    this.blocks = [];
    return whole;
  }

  /** Releases all rows. Calling it twice is harmless. */
  dispose(): void {
    for (const { tiles } of this.blocks) for (const tile of tiles) tile.dispose();
    this.blocks = [];
  }

  private split(vector: Tensor1D): Tensor2D[] {
    const tiles: Tensor2D[] = [];
    for (let from = 0; from < this.size; from += TILE_COLUMNS) {
      const columns = Math.min(TILE_COLUMNS, this.size - from);
      tiles.push(tidy(() => reshape(slice(vector, [from], [columns]), [1, columns]) as Tensor2D));
    }
    return tiles;
  }

  /**
   * The inner products with all rows, a tensor [1, rows] for each block. Written with the tile transposed
   * because a tile is row-major: the products read it once, in order, and no backend has to repack it.
   */
  private project(tiles: readonly Tensor2D[]): Tensor2D[] {
    return this.blocks.map((block) =>
      tidy(() =>
        block.tiles
          .map((tile, j): Tensor2D => matMul(tiles[j]!, tile, false, true))
          .reduce((sum, part): Tensor2D => add(sum, part)),
      ),
    );
  }

  /** Takes the combination of the rows off each tile; `tiles` is changed in place. */
  private subtract(tiles: Tensor2D[], coefficients: readonly Tensor2D[]): void {
    this.blocks.forEach((block, b) => {
      const column = reshape(coefficients[b]!, [block.rows, 1]) as Tensor2D;
      block.tiles.forEach((tile, j) => {
        const rest = tidy(() => sub(tiles[j]!, matMul(column, tile, true, false)) as Tensor2D);
        tiles[j]!.dispose();
        tiles[j] = rest;
      });
    });
  }
}
