import type { RunSettings } from './settings.js';
import type { SizePlan } from './size-plan.js';

/** What a finding is told: plain data, the same in every process that works on it. */
export interface PlannedRun {
  readonly settings: RunSettings;
  readonly plan: SizePlan;
  /** What the data has to be, as `hashOfData` says. Left out: anything. */
  readonly dataHash?: string;
}

/** The seeds of a run: 1, 2, … */
export function seedsOf({ settings }: PlannedRun): number[] {
  return Array.from({ length: settings.seeds }, (_, i) => i + 1);
}

/** What a picture of the first seed shows, for the line under its heading. */
export function subtitleOf({ settings, plan }: PlannedRun, how: string): string {
  return `${settings.model}, ${settings.data} (${plan.train}), ${how}, seed 1`;
}
