/** Something about the command line, the output folder or an earlier run stands in the way. */
export class RunError extends Error {
  override readonly name = 'RunError';
}
