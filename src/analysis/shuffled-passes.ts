import { integer, requireIs } from '../options.js';
import type { SeededRandom } from '../random.js';

/**
 * Minibatches as SGD draws them: the examples in random order, without repetition within a pass, all batches of the
 * same size. What is left at the end of a pass and too few for a batch is left out of that pass.
 */
export class ShuffledPasses {
  private readonly order: Int32Array;
  private next: number;

  /**
   * @param count number of examples
   * @param size examples of a minibatch, 1 to count
   */
  constructor(
    count: number,
    readonly size: number,
    private readonly random: SeededRandom,
    where: string,
  ) {
    requireIs(size, integer(1, count), 'batchSize', where);
    this.order = Int32Array.from({ length: count }, (_, i) => i);
    this.next = count;
  }

  /** The indices of the next minibatch. */
  draw(): Int32Array {
    if (this.next + this.size > this.order.length) {
      shuffle(this.order, this.random);
      this.next = 0;
    }
    this.next += this.size;
    return this.order.slice(this.next - this.size, this.next);
  }
}

/** Fisher & Yates (1938), in place. */
function shuffle(order: Int32Array, random: SeededRandom): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}
