import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import type { VegaLiteSpec } from '../../src/plot/index.js';

/** One piece of a finding that is run, stored and resumed as a whole. */
export interface Unit<R> {
  /** Names the result in the records. */
  readonly id: string;
  readonly seed: number;
  /** How long it takes, in any unit, compared with the others of the finding. */
  readonly weight: number;
  run(onProgress: (progress: AnalysisProgress) => void): Promise<R>;
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
