import { join } from 'node:path';
import { writeWhole } from '../write-whole.js';
import { readRecordText, recordText } from './record-text.js';
import type { TrainingPoint } from './training-point.js';
import { pointColumns } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { idOf } from './training-run.js';

/** A run with the points of its record. */
export interface RecordedRun {
  readonly run: TrainingRun;
  readonly points: readonly TrainingPoint[];
}

/**
 * The points of a run in its record, which is JSON with a line a point; none where there is no record yet.
 *
 * @throws RunError for a record of another run of this name, or a damaged one
 */
export function readRecord(folder: string, plan: ScalePlan, run: TrainingRun): TrainingPoint[] {
  const stored = readRecordText(pathOf(folder, run), headOf(plan, run));
  const rows = (stored?.points ?? []) as readonly (readonly unknown[])[];
  return rows.map(
    (row) => Object.fromEntries(pointColumns.map((name, i) => [name, row[i]])) as unknown as TrainingPoint,
  );
}

/** Writes the record of a run, unless the one there goes further. */
export function writeRecord(
  folder: string,
  plan: ScalePlan,
  run: TrainingRun,
  points: readonly TrainingPoint[],
): void {
  if (readRecord(folder, plan, run).length > points.length) return;
  const rows = points.map((point) => pointColumns.map((name) => point[name]));
  writeWhole(pathOf(folder, run), recordText(headOf(plan, run), 'points', rows));
}

function headOf(plan: ScalePlan, run: TrainingRun): Readonly<Record<string, unknown>> {
  return { run, plan, columns: pointColumns };
}

function pathOf(folder: string, run: TrainingRun): string {
  return join(folder, `${idOf(run)}.json`);
}
