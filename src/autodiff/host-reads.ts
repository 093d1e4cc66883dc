import type { TapeValue } from './tape.js';

/** Which values that depend on a source are read on the host while something runs that must not hide a dependence. */
export class HostReads {
  private reads: TapeValue[] | null = null;

  /** Runs `f` and tells what it read. */
  watch<T>(f: () => T): { result: T; reads: readonly TapeValue[] } {
    const outer = this.reads;
    const reads: TapeValue[] = [];
    this.reads = reads;
    try {
      return { result: f(), reads };
    } finally {
      this.reads = outer;
      outer?.push(...reads);
    }
  }

  /** Takes note of a read. */
  note(values: readonly TapeValue[]): void {
    this.reads?.push(...values);
  }
}
