import { join } from 'node:path';
import { writeWhole } from '../write-whole.js';
import type { CloseUpFinding, CloseUpPlan } from './close-up.js';
import { readRecordText, recordText } from './record-text.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { idOf } from './training-run.js';

/** What a close-up is of: the record of all units of a finding on a path. */
export interface CloseUpSubject {
  readonly finding: CloseUpFinding;
  readonly path: TrainingRun;
  readonly plan: ScalePlan;
  readonly closeUp: CloseUpPlan;
}

/** What a unit came to. */
export interface CloseUpResult {
  readonly id: string;
  readonly epoch: number;
  /** Processor seconds that it took. */
  readonly seconds: number;
  readonly result: unknown;
}

/** What the file of a record is called. */
export function closeUpName({ finding, path }: Pick<CloseUpSubject, 'finding' | 'path'>): string {
  return `${finding}-along-${idOf(path)}.json`;
}

/**
 * The results in a record, which is JSON with a line a unit; none where there is no record yet.
 *
 * @throws RunError for a record of something else of this name, or a damaged one
 */
export function readCloseUps(folder: string, subject: CloseUpSubject): readonly CloseUpResult[] {
  const stored = readRecordText(join(folder, closeUpName(subject)), { ...subject });
  return (stored?.results ?? []) as readonly CloseUpResult[];
}

/** Adds a result to a record, in the order of the path; of one point in that of the units. */
export function addCloseUp(folder: string, subject: CloseUpSubject, result: CloseUpResult): void {
  const others = readCloseUps(folder, subject).filter(({ id }) => id !== result.id);
  const results = [...others, result].sort((a, b) => a.epoch - b.epoch);
  writeWhole(join(folder, closeUpName(subject)), recordText({ ...subject }, 'results', results));
}
