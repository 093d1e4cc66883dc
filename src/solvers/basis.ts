import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add, concat, mul, reshape, slice, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Candidate } from './candidate.js';
import { combineColumn } from './combine-rows.js';
import { combineRows, rowDots, subtractRows, takesScatteredRows } from '../tfjs/kernels/row-products.js';

/**
 * Rows of a block: its products with a vector read the vector once for all of them. Joining rows to a block
 * holds each twice for a moment, so this is also what the basis needs beyond its rows at most.
 */
const BLOCK_ROWS = 3;

/** Strips that a tile is cut into while all rows are replaced and there is no room for both. */
const STRIPS = 8;
/** Tiles up to this wide are small enough as they are. */
const NARROW = 2 ** 13;

/** Some rows of the basis: one tile [rows, columns] for each range of columns. */
interface Block {
  readonly rows: number;
  readonly tiles: Tensor2D[];
}

/** What a candidate has along some rows. */
export interface Measured {
  /** The row that they begin at, the first of a block. */
  readonly first: number;
  /** Vw and then ‖w‖², in small tensors [1, r_i] on the device; owned by the caller. */
  readonly numbers: readonly Tensor2D[];
}

/**
 * Orthonormal rows of R^n on the device.
 *
 * Tensors cannot be written in place, so the rows lie in blocks: a new row is a block of its own, older rows are
 * joined by threes unless the backend takes scattered rows. Every operation that changes rows goes tile by tile.
 * Beyond its rows the basis never needs more than three vectors of length n, or the rows of a block while they are joined,
 * unless it is told that there is room.
 */
export class KrylovBasis {
  private blocks: Block[] = [];

  /**
   * @param size n, the length of the rows
   * @param room vectors of length n that the basis may hold at most while it replaces its rows; default 0, as few as
   *   it can do with
   */
  constructor(
    readonly size: number,
    private readonly room = 0,
  ) {}

  /** The number of rows. */
  get rows(): number {
    return this.blocks.reduce((sum, block) => sum + block.rows, 0);
  }

  /** Index of the first row of the block that holds row i. */
  startOfBlock(i: number): number {
    let first = 0;
    for (const block of this.blocks) {
      if (i < first + block.rows) break;
      first += block.rows;
    }
    return first;
  }

  /**
   * Vw and ‖w‖², V the rows from `first` on; reads them and w once.
   *
   * @param candidate w; stays as it is
   * @param first index of a row that begins a block, e.g. 0 or {@link startOfBlock}
   */
  measure(candidate: Candidate, first = 0): Measured {
    const blocks = this.blocksFrom(first);
    const numbers = tidy(() =>
      candidate.tiles
        .map((tile, j) => rowDots([...columnOf(blocks, j), tile], tile))
        .reduce((sums, parts) => sums.map((sum, i): Tensor2D => add(sum, parts[i]!))),
    );
    return { first, numbers };
  }

  /**
   * Turns w into scale · (w - Vᵀ(Vw)): a pass of classical Gram-Schmidt; reads the rows and w once.
   *
   * @param candidate w; changed in place
   * @param measured what {@link measure} said of it
   */
  takeOff(candidate: Candidate, { first, numbers }: Measured, scale = 1): void {
    const blocks = this.blocksFrom(first);
    candidate.tiles.forEach((tile, j) => {
      candidate.tiles[j] =
        blocks.length === 0 ? mul(tile, scale) : subtractRows(numbers, columnOf(blocks, j), tile, scale);
      tile.dispose();
    });
  }

  /**
   * Adds a candidate, times `scale`, as a new last row.
   *
   * @param candidate its tiles are disposed here
   */
  append(candidate: Candidate, scale = 1): void {
    const tiles = candidate.tiles.map((tile) => {
      if (scale === 1) return tile;
      const row: Tensor2D = mul(tile, scale);
      tile.dispose();
      return row;
    });
    this.blocks.push({ rows: 1, tiles });
    if (takesScatteredRows()) return;
    const loose = this.blocks.reduce((after, block, b) => (block.rows > 1 ? b + 1 : after), 0);
    if (this.blocks.length - loose === 2 * BLOCK_ROWS) this.join(loose);
  }

  /** Takes row i out, as a candidate owned by the caller; the rows after it move up. */
  take(i: number): Candidate {
    const first = this.startOfBlock(i);
    const at = this.blocks.findIndex((_, b) => this.startOf(b) === first);
    const { rows, tiles } = this.blocks[at]!;
    const singles = Array.from({ length: rows }, (_, local): Block => {
      if (rows === 1) return { rows: 1, tiles };
      return { rows: 1, tiles: tiles.map((tile) => slice(tile, [local, 0], [1, -1])) };
    });
    if (rows > 1) for (const tile of tiles) tile.dispose();
    const [taken] = singles.splice(i - first, 1);
    this.blocks.splice(at, 1, ...singles);
    return { tiles: taken!.tiles };
  }

  /** Row i as a new vector of shape [n], owned by the caller. */
  row(i: number): Tensor1D {
    let first = 0;
    for (const block of this.blocks) {
      const local = i - first;
      if (local < block.rows) {
        return tidy(() => {
          const parts = block.tiles.map((tile) => {
            const part = block.rows === 1 ? tile : slice(tile, [local, 0], [1, -1]);
            return reshape(part, [part.size]) as Tensor1D;
          });
          return parts.length === 1 ? parts[0]! : concat(parts);
        });
      }
      first += block.rows;
    }
    throw new RangeError(`row ${i} of a basis of ${this.rows}`);
  }

  /** Σ w_i v_i, v_i the rows, as a new vector of shape [n], owned by the caller. */
  combine(weights: ArrayLike<number>): Tensor1D {
    return tidy(() => {
      const row = tensor2d(Array.from(weights), [1, this.rows]);
      const parts = this.blocks[0]!.tiles.map((_, j) => {
        const tile = combineRows(
          row,
          this.blocks.map((block) => block.tiles[j]!),
        );
        return reshape(tile, [tile.size]) as Tensor1D;
      });
      return parts.length === 1 ? parts[0]! : concat(parts);
    });
  }

  /**
   * Replaces the rows V by WV.
   *
   * @param weights W: the new rows, each a list of one weight per old row
   */
  rotate(weights: readonly ArrayLike<number>[]): void {
    const old = this.blocks;
    const hasRoom = this.rows + weights.length <= this.room;
    const bandRows = hasRoom ? weights.length : BLOCK_ROWS;
    const bands: Tensor2D[] = [];
    for (let from = 0; from < weights.length; from += bandRows) {
      const rows = weights.slice(from, from + bandRows).map((row) => Array.from(row));
      bands.push(tensor2d(rows, [rows.length, this.rows]));
    }
    const fresh: Block[] = bands.map((band) => ({ rows: band.shape[0], tiles: [] }));
    old[0]!.tiles.forEach(({ shape }, j) => {
      const column = old.map((block) => block.tiles[j]!);
      const strips = hasRoom || shape[1] <= NARROW ? 1 : STRIPS;
      combineColumn(bands, column, strips).forEach((tile, i) => fresh[i]!.tiles.push(tile));
    });
    for (const band of bands) band.dispose();
    this.blocks = fresh;
  }

  /**
   * Hands the rows over as one tensor and leaves the basis empty.
   *
   * @returns shape [rows, n], owned by the caller
   */
  release(): Tensor2D {
    const bands = this.blocks.map(({ tiles }) => (tiles.length === 1 ? tiles[0]! : concat(tiles, 1)));
    const whole: Tensor2D = bands.length === 1 ? bands[0]! : concat(bands, 0);
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

  /** Index of the first row of block b. */
  private startOf(b: number): number {
    return this.blocks.slice(0, b).reduce((sum, block) => sum + block.rows, 0);
  }

  /** Makes one block of the single rows that begin at block `from`. */
  private join(from: number): void {
    const rows = this.blocks.splice(from, BLOCK_ROWS);
    const tiles = rows[0]!.tiles.map((_, j) => {
      const singles = rows.map((row) => row.tiles[j]!);
      const tile: Tensor2D = concat(singles, 0);
      for (const single of singles) single.dispose();
      return tile;
    });
    this.blocks.splice(from, 0, { rows: BLOCK_ROWS, tiles });
  }

  private blocksFrom(first: number): Block[] {
    let index = 0;
    return this.blocks.filter((block) => {
      index += block.rows;
      return index > first;
    });
  }
}

/** The tiles of some blocks for a range of columns. */
function columnOf(blocks: readonly Block[], j: number): Tensor2D[] {
  return blocks.map((block) => block.tiles[j]!);
}
