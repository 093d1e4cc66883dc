/** Something about the command line, the output folder or an earlier run stands in the way. */
export class RunError extends Error {
  override readonly name: string = 'RunError';
}

/** The data on this machine is missing, damaged, or not that of whoever asks. */
export class LocalDataError extends RunError {
  override readonly name = 'LocalDataError';
}

/** Units of a finding came to nothing; what the others came to is stored. */
export class UnitsFailedError extends RunError {
  override readonly name = 'UnitsFailedError';
}
