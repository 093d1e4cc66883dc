import type { ModelName } from '../models/create-model.js';
import type { SizePlan } from './size-plan.js';
import type { SizeName } from './sizes.js';

/** The findings, each a command. */
export const findingNames = [
  'sharpness',
  'decompose',
  'alignment',
  'sections',
  'escape',
  'nsgd',
  'grid',
] as const;

export type FindingName = (typeof findingNames)[number];

export type DataName = SizePlan['data'];

/** What a run is told on the command line. */
export interface RunSettings {
  readonly finding: FindingName;
  readonly data: DataName;
  /** A folder with the original files; default: the npm package of the data. */
  readonly dataFolder: string | null;
  readonly model: ModelName;
  readonly size: SizeName;
  /** Seeds 1 … seeds are run. More may be added to a run later. */
  readonly seeds: number;
  /** Share of training labels replaced by random ones. */
  readonly randomLabels: number;
  /** Whether training images are shifted and mirrored at random, in the NSGD runs. */
  readonly augment: boolean;
  /** Where records, pictures and report go. */
  readonly out: string;
}

/** The part of the settings that two runs have to share for their records to be put together. */
export function fingerprintOf(settings: RunSettings, plan: SizePlan): Record<string, unknown> {
  const { finding, data, model, size, randomLabels, augment } = settings;
  return {
    finding,
    data,
    model,
    size,
    randomLabels,
    ...(augment && { augment }),
    plan: { ...plan, seeds: undefined },
  };
}
