import type { Bench } from './bench.js';

/** The seeds of a run: 1, 2, … */
export function seedsOf({ settings }: Bench): number[] {
  return Array.from({ length: settings.seeds }, (_, i) => i + 1);
}
