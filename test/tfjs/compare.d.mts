/** One test of a run. */
export interface Spec {
  readonly name: string;
  readonly status: string;
  readonly message: string;
}

export function compareRuns(
  before: { readonly specs: readonly Spec[] },
  after: { readonly specs: readonly Spec[] },
  allowed: readonly string[],
): { lost: Spec[]; gained: number; unexpected: Spec[]; stale: string[] };
