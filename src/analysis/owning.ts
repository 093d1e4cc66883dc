import type { SolverSteps } from '../tfjs/drive.js';

/** Takes something over, to be disposed when the steps have come to their end. */
export type Own = <T extends { dispose(): void }>(resource: T) => T;

/** Runs steps and disposes what they own afterwards, the latest first, also when they throw or are stopped. */
export function* owning<R>(steps: (own: Own) => SolverSteps<R>): SolverSteps<R> {
  const owned: { dispose(): void }[] = [];
  try {
    return yield* steps((resource) => {
      owned.push(resource);
      return resource;
    });
  } finally {
    for (const resource of owned.reverse()) resource.dispose();
  }
}
