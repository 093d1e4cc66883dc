import { messageOf } from '../../errors.js';
import type { WasmFunctions } from '../functions.js';
import type { Heap } from '../heap.js';
import { isShared } from '../module.js';
import { startHelper } from './helper-thread.js';
import type { Compiled } from './job.js';
import { splitFunctions } from './split-functions.js';
import { ThreadPool } from './thread-pool.js';

/** Makes a worker that runs the source given. */
export type CreateWorker = (source: string) => Worker;

/** The threads that the kernels of one registration run on. */
export class Threads {
  /** Why there are fewer than were asked for last; null where there are as many. */
  reason: string | null = null;
  private pool: ThreadPool | null = null;
  /** The pool whose helpers are starting. */
  private starting: ThreadPool | null = null;

  constructor(
    private readonly heap: Heap,
    private readonly module: WebAssembly.Module,
    private readonly compiled: WasmFunctions,
  ) {
    this.use(null);
  }

  get count(): number {
    return this.pool?.threads ?? 1;
  }

  /**
   * Changes how many there are, the calling one included.
   *
   * @param whyNotShared asked where the memory cannot be shared
   */
  async resize(
    count: number,
    createWorker: CreateWorker | undefined,
    whyNotShared: () => string,
  ): Promise<void> {
    this.reason = null;
    if (count === this.count) return;
    this.end();
    if (count === 1) return;
    if (!isShared(this.heap.memory)) {
      this.reason = whyNotShared();
      return;
    }
    const pool = new ThreadPool(Object.values(this.compiled) as Compiled[], this.heap.memory);
    this.starting = pool;
    const starts = Array.from({ length: count - 1 }, async (_, i) => {
      const id = i + 1;
      const start = { module: this.module, memory: this.heap.memory, buffer: pool.block.buffer, id };
      pool.add(id, await startHelper(start, createWorker, () => this.lose(pool, id)));
    });
    const settled = await Promise.allSettled(starts);
    // Ended meanwhile.
    if (this.starting !== pool) return pool.end();
    this.starting = null;
    for (const start of settled) {
      if (start.status === 'rejected')
        this.reason = `a helper thread did not start: ${messageOf(start.reason)}`;
    }
    if (pool.threads > 1) this.use(pool);
    else pool.end();
  }

  /** Ends all but the calling one. */
  end(): void {
    this.starting = null;
    this.pool?.end();
    this.use(null);
  }

  private use(pool: ThreadPool | null): void {
    this.pool = pool;
    this.heap.functions = splitFunctions(this.compiled, this.heap, pool);
  }

  /** Notes that a helper has ended by itself. */
  private lose(pool: ThreadPool, id: number): void {
    if (pool !== this.pool) return;
    pool.remove(id);
    this.reason = 'a helper thread has ended';
  }
}
