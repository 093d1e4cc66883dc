/** Keeps what is spent on measuring to a share of the time that passes. Times in milliseconds. */
export class TimeBudget {
  private readonly begin = performance.now();
  private spent = 0;
  private last = 0;

  /** @param share largest share of the time since the budget was made, in (0, 1]; null for no limit */
  constructor(private readonly share: number | null) {}

  /** Time since the budget was made. */
  get elapsed(): number {
    return performance.now() - this.begin;
  }

  /** Whether one more measurement like the last stays within the share. The first is always allowed. */
  allows(): boolean {
    return this.share == null || this.spent + this.last <= this.share * (this.elapsed + this.last);
  }

  /** Runs a measurement and counts its time. */
  async spend<T>(measure: () => Promise<T>): Promise<T> {
    const stop = this.start();
    try {
      return await measure();
    } finally {
      stop();
    }
  }

  /** Begins to count the time of a measurement. Returns what ends it. */
  start(): () => void {
    const from = performance.now();
    return () => {
      this.last = performance.now() - from;
      this.spent += this.last;
    };
  }
}
