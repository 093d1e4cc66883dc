/** What is known of kernels, one entry for each name. */
export class KernelTable<T extends { readonly kernel: string }> {
  private readonly entries = new Map<string, T>();

  /**
   * @param kind what the entries are, for the error
   * @throws Error if a kernel has two entries: which of them would count must not depend on their order
   */
  constructor(kind: string, ...entries: readonly T[]) {
    for (const entry of entries) {
      if (this.entries.has(entry.kernel)) throw new Error(`two ${kind}s for the kernel ${entry.kernel}`);
      this.entries.set(entry.kernel, entry);
    }
  }

  /** The entry of a kernel; null if there is none. */
  find(kernel: string): T | null {
    return this.entries.get(kernel) ?? null;
  }
}
