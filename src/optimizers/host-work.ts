import { synchronousRead } from '../tfjs/capabilities.js';
import { driveAsync, driveSync } from '../tfjs/drive.js';
import type { SolverSteps } from '../tfjs/drive.js';

/** Work that reads numbers from the device, begun inside a step of an optimizer, which is synchronous. */
export interface HostTask<R> {
  readonly steps: SolverSteps<R>;
  /** Takes the result over. */
  readonly done: (result: R) => void;
  /** Frees the result in place of {@link done}, where the work was cancelled meanwhile. */
  readonly discard?: (result: R) => void;
  /** Frees what the work was done on, whatever came of it. */
  readonly release?: () => void;
}

/**
 * Does the work at once where the backend reads synchronously at no cost, and otherwise between the steps of the
 * optimizer, with `await`, while training goes on. What fails there is thrown by the next {@link rethrow}.
 */
export class HostWork {
  private stop = new AbortController();
  private pending: Promise<void> | null = null;
  private failure: { readonly reason: unknown } | null = null;

  /** @param owner who does the work, for errors */
  constructor(private readonly owner: string) {}

  /** Whether work goes on between steps. */
  get isBusy(): boolean {
    return this.pending != null;
  }

  /** Does the work now, or begins it. A task is not to be begun while another is under way. */
  run<R>(task: HostTask<R>): void {
    if (!canReadNow()) {
      this.pending = this.runLater(task, this.stop.signal);
      return;
    }
    try {
      task.done(driveSync(task.steps));
    } finally {
      task.release?.();
    }
  }

  /** Does the work in place of what is under way, which goes on where the work is done at once and fails. */
  takeOver<R>(task: HostTask<R>): void {
    if (!canReadNow()) this.cancel();
    this.run(task);
    if (canReadNow()) this.cancel();
  }

  /** Throws what went wrong between steps, once. */
  rethrow(): void {
    const { failure } = this;
    this.failure = null;
    if (failure != null) throw failure.reason;
  }

  /** Resolves when the work under way, if any, is done; rejects if it failed. */
  async settled(): Promise<void> {
    await this.pending;
    this.rethrow();
  }

  /** Stops the work under way. */
  cancel(): void {
    this.stop.abort();
    this.stop = new AbortController();
    this.pending = null;
    this.failure = null;
  }

  private async runLater<R>(task: HostTask<R>, signal: AbortSignal): Promise<void> {
    try {
      // The step may run in a tf.tidy, which must not dispose what the work needs: begin when it is over.
      await Promise.resolve();
      const result = await driveAsync(task.steps, { signal }, this.owner);
      // Cancelled after its last read: whoever did that has gone on without it.
      if (signal.aborted) task.discard?.(result);
      else task.done(result);
    } catch (reason) {
      if (!signal.aborted) this.failure = { reason };
    } finally {
      task.release?.();
      if (!signal.aborted) this.pending = null;
    }
  }
}

function canReadNow(): boolean {
  return synchronousRead() === 'free';
}
