/** Counts the processor time of this process while it is on. */
export class Stopwatch {
  private sum = 0;
  private since: number | null = null;

  get seconds(): number {
    return this.sum + (this.since == null ? 0 : processorSeconds() - this.since);
  }

  /** @param from seconds to count on from; default: those it has */
  start(from: number = this.seconds): void {
    this.sum = from;
    this.since = processorSeconds();
  }

  stop(): void {
    this.sum = this.seconds;
    this.since = null;
  }
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
