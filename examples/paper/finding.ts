import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import type { VegaLiteSpec } from '../../src/plot/index.js';
import type { Bench } from './bench.js';

/** Work that one process does as a whole. */
export interface Task {
  /** Names it among those of its finding. */
  readonly id: string;
  /** How long it takes, as `weights.ts` counts. */
  readonly weight: number;
  run(bench: Bench, onProgress: (progress: AnalysisProgress) => void): Promise<unknown>;
}

/** What several units begin from, also those of other findings. It is kept in a file. */
export interface Preparation extends Task {
  /** Whether the file is there, from this run or another. */
  isDone(): boolean;
}

/** One piece of a finding that is run, stored and resumed as a whole. Its `id` names the result in the records. */
export interface Unit<R> extends Task {
  readonly seed: number;
  /** The preparation to be done before. */
  readonly needs?: Preparation;
  run(bench: Bench, onProgress: (progress: AnalysisProgress) => void): Promise<R>;
}

/** The result of a unit. */
export interface UnitResult<R> {
  readonly id: string;
  readonly seed: number;
  readonly result: R;
}

/** A picture of a report. */
export interface Picture {
  /** Name of the file, without ending. */
  readonly name: string;
  readonly caption: string;
  readonly spec: VegaLiteSpec;
}

/** What a finding tells. */
export interface FindingReport {
  /** What the paper claims. */
  readonly claim: string;
  /** Tables and sentences, in Markdown. */
  readonly body: string;
  readonly pictures: readonly Picture[];
}

/** A finding of the paper, ready to be run. */
export interface Finding<R> {
  readonly units: readonly Unit<R>[];
  report(results: readonly UnitResult<R>[]): FindingReport;
}
