import { CELLS, createControlBlock, LAST_JOB, type ControlBlock } from './control-block.js';
import type { HelperThread } from './helper-thread.js';
import { runChunk, writeJob, type Compiled, type Job } from './job.js';

/** Milliseconds for which the calling thread looks for a last chunk before it sleeps: about what waking it takes. */
const SPIN = 0.05;
/** Milliseconds after which it looks whether a helper has died. */
const LOOK = 100;
/** Milliseconds after which a helper of a page is taken for gone: no chunk takes as long, and from within one it can say nothing. */
const SILENCE = 10_000;

/** Whether this thread may sleep: the main thread of a page may not. */
const mayWait = typeof document === 'undefined';

/** Helpers that do chunks of the calling thread's jobs. */
export class ThreadPool {
  readonly block: ControlBlock = createControlBlock();
  private readonly helpers = new Map<number, HelperThread>();
  private number = 0;

  constructor(
    private readonly compiled: readonly Compiled[],
    private readonly memory: WebAssembly.Memory,
  ) {}

  /** How many threads do the work: the helpers and the calling one. */
  get threads(): number {
    return 1 + this.helpers.size;
  }

  /** Highest number of a helper so far: how many blocks of scratch they need. */
  get places(): number {
    return Math.max(0, ...this.helpers.keys());
  }

  add(id: number, helper: HelperThread): void {
    this.helpers.set(id, helper);
  }

  remove(id: number): void {
    this.helpers.delete(id);
  }

  /**
   * Does a job and returns when all of its chunks are done. A chunk whose helper has died is done here.
   *
   * @throws what a chunk has thrown, when the others are done
   */
  run(job: Job): void {
    const { cells } = this.block;
    const number = this.nextNumber();
    writeJob(this.block, job);
    Atomics.store(cells, CELLS.state, (number << 8) | job.chunks);
    if (Atomics.load(cells, CELLS.sleepers) > 0) Atomics.notify(cells, CELLS.state, job.chunks - 1);
    const errors: unknown[] = [];
    const perform = (chunk: number): void => {
      try {
        runChunk(job, chunk, this.compiled[job.index] as Compiled, this.memory);
      } catch (error) {
        errors.push(error);
      }
      Atomics.store(cells, CELLS.done + chunk, number);
    };
    for (
      let state = Atomics.load(cells, CELLS.state);
      (state & 255) > 0;
      state = Atomics.load(cells, CELLS.state)
    ) {
      if (Atomics.compareExchange(cells, CELLS.state, state, state - 1) === state) perform((state & 255) - 1);
    }
    for (let chunk = 0; chunk < job.chunks; chunk++) this.waitFor(chunk, number, perform);
    if (errors.length > 0) throw errors[0];
    if (Atomics.load(cells, CELLS.failed) === number) throw new WebAssembly.RuntimeError(this.message());
  }

  /** Tells the helpers to end, which they do at once or when they have done their chunk. */
  end(): void {
    const { cells } = this.block;
    this.helpers.clear();
    Atomics.store(cells, CELLS.stop, 1);
    // Another state: one that is about to sleep does not.
    Atomics.store(cells, CELLS.state, this.nextNumber() << 8);
    Atomics.notify(cells, CELLS.state);
  }

  /** Returns when a chunk is done, by this thread if nobody else will. */
  private waitFor(chunk: number, number: number, perform: (chunk: number) => void): void {
    const { cells } = this.block;
    const cell = CELLS.done + chunk;
    if (Atomics.load(cells, cell) === number) return;
    const since = performance.now();
    while (performance.now() - since < SPIN) if (Atomics.load(cells, cell) === number) return;
    let next = since + LOOK;
    Atomics.store(cells, CELLS.waiting, 1);
    for (let seen = Atomics.load(cells, cell); seen !== number; seen = Atomics.load(cells, cell)) {
      if (mayWait) Atomics.wait(cells, cell, seen, LOOK);
      if (performance.now() < next) continue;
      next = performance.now() + LOOK;
      if (this.isAbandoned(chunk, number, performance.now() - since > SILENCE)) perform(chunk);
    }
    Atomics.store(cells, CELLS.waiting, 0);
  }

  /**
   * True when no living helper has the chunk and it is not done. One that lives is waited for: it would go on writing beside
   * whoever did the chunk again. A helper claims a chunk before it takes it and drops the claim when the chunk is marked as
   * done, so claims are looked at first.
   */
  private isAbandoned(chunk: number, number: number, isSilent: boolean): boolean {
    const { cells } = this.block;
    const claimed = (number << 8) | (chunk + 1);
    for (const [id, helper] of this.helpers) {
      if (Atomics.load(cells, CELLS.claims + id) !== claimed) continue;
      if (isSilent) helper.giveUp();
      if (!helper.hasStopped()) return false;
      this.helpers.delete(id);
    }
    return Atomics.load(cells, CELLS.done + chunk) !== number;
  }

  private nextNumber(): number {
    this.number++;
    if (this.number > LAST_JOB) {
      // Marks of jobs with the numbers that come again.
      for (let cell: number = CELLS.failed; cell < CELLS.count; cell++)
        Atomics.store(this.block.cells, cell, 0);
      this.number = 1;
    }
    return this.number;
  }

  private message(): string {
    const { cells, message } = this.block;
    return String.fromCharCode(...message.subarray(0, Atomics.load(cells, CELLS.messageLength)));
  }
}
