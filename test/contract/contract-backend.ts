/** Where the tables of the contracts run, and what is asked of them there. */
export interface ContractBackend {
  /** Makes the backend the current one. */
  use(): Promise<void>;
  /** Largest error of a product of a matrix of a handful of rows, relative to the matrix. */
  readonly tolerance: number;
  /** Runs `f` and requires that it leaves no tensor behind, and never reads synchronously where that is a burden. */
  tidily(f: () => Promise<void>): Promise<void>;
}
