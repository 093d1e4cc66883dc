/**
 * Σ weight · part over shards in double precision, in the order of the shards whatever the order in which parts come: a
 * part that comes early is kept until those before it are there.
 */
export class ShardSum {
  readonly total: Float64Array;
  private readonly waiting = new Map<number, Float32Array>();
  private next = 0;

  /** @param shards in their order, each with its share; its place is its number */
  constructor(
    private readonly shards: readonly { readonly weight: number }[],
    size: number,
  ) {
    this.total = new Float64Array(size);
  }

  /** Takes the part of a shard, which is left as it is. */
  take(id: number, part: Float32Array): void {
    this.waiting.set(id, part);
    for (let ready = this.waiting.get(this.next); ready != null; ready = this.waiting.get(this.next)) {
      const { weight } = this.shards[this.next]!;
      for (let i = 0; i < ready.length; i++) this.total[i]! += weight * ready[i]!;
      this.waiting.delete(this.next);
      this.next++;
    }
  }
}
