/** There are fewer free workers than are needed. */
export class WorkersNotFoundError extends Error {
  override readonly name = 'WorkersNotFoundError';

  /**
   * An error about too few workers, whose message says what those that refused have answered.
   *
   * @param found how many there are
   * @param wanted how many were needed
   * @param refusals what those said that did not open a session
   */
  constructor(
    group: string,
    readonly found: number,
    readonly wanted: number,
    readonly refusals: readonly string[],
  ) {
    const reasons = refusals.length === 0 ? '' : ` (${refusals.join('; ')})`;
    super(`natsWorkers: found ${found} of ${wanted} free workers in the group '${group}'${reasons}`);
  }
}
