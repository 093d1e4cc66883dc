/** Before so many steps the time they took, start of the kernels included, says little about the rest. */
const STEPS_BEFORE_AN_ESTIMATE = 10;

/** A line at the bottom of a terminal that says how far a job is. What is printed meanwhile stands above it. */
export class StatusLine {
  private done = 0;
  private text = '';
  private start = 0;

  /**
   * @param total steps of the whole job
   * @param stream a line is only drawn where it is a terminal
   * @param now milliseconds
   */
  constructor(
    private readonly total: number,
    private readonly stream: { readonly isTTY?: boolean; write(text: string): unknown } = process.stdout,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts a step, the first of which starts the clock. */
  step(name: string): void {
    this.done++;
    if (this.done === 1) this.start = this.now();
    const left = ((this.now() - this.start) / (this.done - 1)) * (this.total - this.done);
    const estimate = this.done < STEPS_BEFORE_AN_ESTIMATE ? '' : `, ${Math.ceil(left / 1000)} s to go`;
    this.text = this.done === this.total ? '' : `${name}: step ${this.done} of ${this.total}${estimate}`;
    if (this.stream.isTTY) this.stream.write(`\r\u001b[K${this.text}`);
  }

  /** Prints a line in place of the status, which goes on below. */
  print(line: string): void {
    if (this.stream.isTTY) this.stream.write(`\r\u001b[K${line}\n${this.text}`);
    else this.stream.write(`${line}\n`);
  }
}
