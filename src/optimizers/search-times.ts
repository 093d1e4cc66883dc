import type { NSGDSettings } from './nsgd-options.js';

/** When directions are to be sought, in steps; null for at once. */
export interface SearchTimes {
  /** The next search from scratch. */
  readonly refreshAt: number | null;
  /** The next correction. */
  readonly trackAt: number | null;
}

export const atOnce: SearchTimes = { refreshAt: null, trackAt: null };

/** How often to search: the options of the same names. */
export type SearchIntervals = Pick<NSGDSettings, 'refreshEvery' | 'trackEvery' | 'burnIn'>;

/**
 * In how many parts the first interval between refreshes is cut. The Hessian turns fastest at the beginning of
 * training: over 50 steps of the MNIST net (bench/nsgd.ts) the top five directions kept a mean cosine of 0.56 from
 * step 0 on, of 0.74 from step 50 on, of 0.90 from step 100 on.
 */
const earlyParts = 8;

/** After a search. Refreshes follow after 1/8, 1/8, 1/4, 1/2 of `refreshEvery` at first, then after all of it. */
export function timesAfterSearch(
  kind: 'refresh' | 'track',
  step: number,
  { refreshEvery, trackEvery, burnIn }: SearchIntervals,
  before: SearchTimes,
): SearchTimes {
  const trackAt = step + trackEvery;
  if (kind === 'track') return { ...before, trackAt };
  const interval = Math.max(Math.ceil(refreshEvery / earlyParts), step - burnIn);
  return { refreshAt: step + Math.min(interval, refreshEvery), trackAt };
}

/** After directions were given. */
export function timesAfterGift(step: number, { refreshEvery, trackEvery }: SearchIntervals): SearchTimes {
  return { refreshAt: step + refreshEvery, trackAt: step + trackEvery };
}
