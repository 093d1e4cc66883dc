/** A data file is not what its reader needs. Says which file, what was expected and what came. */
export class DataFileError extends Error {
  override readonly name = 'DataFileError';

  constructor(
    readonly path: string,
    readonly expected: string,
    readonly received: string,
  ) {
    super(`${path}: expected ${expected}, received ${received}`);
  }
}
