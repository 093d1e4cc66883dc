import type { SolverSteps } from '../solvers/drive.js';

/** Runs steps and disposes what they need afterwards, also when they throw or are stopped. */
export function* holding<R>(
  held: readonly { dispose(): void }[],
  steps: () => SolverSteps<R>,
): SolverSteps<R> {
  try {
    return yield* steps();
  } finally {
    for (const resource of held) resource.dispose();
  }
}
