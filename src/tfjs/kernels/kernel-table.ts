/** What is known of kernels, one entry for each name. */
export class KernelTable<T extends { readonly kernel: string }> {
  private readonly entries = new Map<string, T>();

  /** @param kind what the entries are, for the error */
  constructor(private readonly kind: string) {}

  /** @throws Error if a kernel has an entry already: which of two would count must not depend on their order */
  add(...added: readonly T[]): this {
    for (const entry of added) {
      if (this.entries.has(entry.kernel)) throw new Error(`two ${this.kind}s for the kernel ${entry.kernel}`);
      this.entries.set(entry.kernel, entry);
    }
    return this;
  }

  /** The entry of a kernel; null if there is none. */
  find(kernel: string): T | null {
    return this.entries.get(kernel) ?? null;
  }
}
