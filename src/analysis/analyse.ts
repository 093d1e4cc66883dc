import type { ParameterLease } from '../objectives/parameter-lease.js';
import { driveAsync } from '../tfjs/drive.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { RunOptions } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { openTarget } from './analysis-target.js';
import { holdingParameters } from './holding-parameters.js';
import type { LossSource } from './loss-source.js';
import type { Own } from './owning.js';
import { owning } from './owning.js';

/** What an analysis works with. */
export interface Workplace {
  readonly source: LossSource;
  /** Takes a resource over, to be disposed when the analysis ends. */
  readonly own: Own;
  /** The hold on the parameters, to begin again from the owner's values. */
  readonly lease: ParameterLease;
}

/**
 * Runs an analysis: opens the target, measures at parameters of its own, disposes what was owned, and gives the
 * parameters back, also on a throw or abort.
 *
 * @param where the public function to name in errors
 * @param kind `exclusive` for an analysis that moves the parameters
 */
export function analyse<R>(
  target: AnalysisTarget,
  options: RunOptions,
  where: string,
  kind: 'exclusive' | 'shared',
  measure: (workplace: Workplace) => SolverSteps<R>,
): Promise<R> {
  const steps = owning(function* (ownSource) {
    const source = ownSource(openTarget(target, where));
    return yield* holdingParameters(source.parameters, where, kind, (lease) =>
      owning((own) => measure({ source, own, lease })),
    );
  });
  return driveAsync(steps, options, where);
}
