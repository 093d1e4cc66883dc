import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RunError } from '../run-error.js';
import { writeWhole } from '../write-whole.js';
import type { TrainingPoint } from './training-point.js';
import { pointColumns } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { idOf } from './training-run.js';

/** Significant digits of measured numbers in a record. */
const digits = 6;

/** A run with the points of its record. */
export interface RecordedRun {
  readonly run: TrainingRun;
  readonly points: readonly TrainingPoint[];
}

interface StoredRecord {
  readonly run: unknown;
  readonly plan: unknown;
  readonly columns: readonly string[];
  readonly points: readonly (readonly unknown[])[];
}

/**
 * The points of a run in its record, which is JSON with a line a point; none where there is no record yet.
 *
 * @throws RunError for a record of another run of this name, or a damaged one
 */
export function readRecord(folder: string, plan: ScalePlan, run: TrainingRun): TrainingPoint[] {
  const path = join(folder, `${idOf(run)}.json`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const stored = parse(path, text);
  const expected = { run, plan, columns: pointColumns };
  for (const key of ['run', 'plan', 'columns'] as const) {
    if (!isDeepStrictEqual(stored[key], expected[key])) {
      throw new RunError(
        `${path}: expected the ${key} ${JSON.stringify(expected[key])}, received ${JSON.stringify(stored[key])}`,
      );
    }
  }
  return stored.points.map(
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
  const rows = points.map((point) => JSON.stringify(pointColumns.map((name) => rounded(point[name]))));
  const head = [
    `"run": ${JSON.stringify(run)}`,
    `"plan": ${JSON.stringify(plan)}`,
    `"columns": ${JSON.stringify(pointColumns)}`,
  ];
  const text = `{\n${head.join(',\n')},\n"points": [\n${rows.join(',\n')}\n]\n}\n`;
  writeWhole(join(folder, `${idOf(run)}.json`), text);
}

function rounded(value: TrainingPoint[keyof TrainingPoint]): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(digits));
  return value?.map((entry) => Number(entry.toPrecision(digits))) ?? null;
}

function parse(path: string, text: string): StoredRecord {
  try {
    return JSON.parse(text) as StoredRecord;
  } catch {
    throw new RunError(`${path} is no JSON: take it back from version control, or delete it to begin anew`);
  }
}
