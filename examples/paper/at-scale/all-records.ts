import type { CloseUpFinding } from './close-up.js';
import { closeUpFindings, closeUpPlan } from './close-up.js';
import type { CloseUpResult } from './close-up-file.js';
import { closeUpName, readCloseUps } from './close-up-file.js';
import type { RecordedRun } from './record-file.js';
import { readRecord } from './record-file.js';
import { allRuns, closeUpPaths } from './rows.js';
import { scalePlanOf } from './scale-plans.js';
import { idOf } from './training-run.js';

/** What a finding that looks closer has come to on a path. */
export interface RecordedCloseUps {
  readonly finding: CloseUpFinding;
  readonly path: RecordedRun;
  readonly results: readonly CloseUpResult[];
}

/** All that the page is drawn from. */
export interface ScaleRecords {
  /** All runs, also those that have not begun. */
  readonly runs: readonly RecordedRun[];
  readonly closeUps: readonly RecordedCloseUps[];
}

/**
 * Reads all records of the size `paper`.
 *
 * @throws RunError for a record of something else, or a damaged one
 */
export function readAllRecords(folder: string): ScaleRecords {
  const runs = allRuns.map((run) => ({ run, points: readRecord(folder, scalePlanOf(run), run) }));
  return {
    runs,
    closeUps: closeUpFindings.flatMap((finding) =>
      closeUpPaths.map((run) => {
        const subject = { finding, path: run, plan: scalePlanOf(run), closeUp: closeUpPlan };
        const path = runs.find((recorded) => recorded.run === run)!;
        return { finding, path, results: readCloseUps(folder, subject) };
      }),
    ),
  };
}

/** The files that records may have. */
export function recordNames(): readonly string[] {
  return [
    ...allRuns.map((run) => `${idOf(run)}.json`),
    ...closeUpFindings.flatMap((finding) => closeUpPaths.map((path) => closeUpName({ finding, path }))),
  ];
}
