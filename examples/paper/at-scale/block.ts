import type { Picture } from '../finding.js';
import type { RecordedRun } from './record-file.js';
import { epochsOf } from './training-point.js';

/** A part of the page that is drawn from the records. */
export interface Block {
  /** Tables and sentences in Markdown; empty where there are no records yet. */
  readonly text: string;
  readonly pictures: readonly Picture[];
}

/** What the page says where there are no records yet. */
export const notRun = 'not run yet';

/** Those that have an epoch behind them. */
export function begun(runs: readonly RecordedRun[]): readonly RecordedRun[] {
  return runs.filter(({ points }) => epochsOf(points) >= 1);
}
