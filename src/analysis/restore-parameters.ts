import { aliasTensor } from '../autodiff/engine.js';
import type { ParameterSpace } from '../parameters.js';
import type { SolverSteps } from '../solvers/drive.js';

/**
 * Runs steps that move the parameters, and puts these back bit for bit at the end, also when a step throws or the
 * driver stops the run. Nothing is copied: the original tensors are held meanwhile and assigned again.
 */
export function* restoringParameters<R>(
  parameters: ParameterSpace,
  steps: () => SolverSteps<R>,
): SolverSteps<R> {
  const originals = parameters.variables.map((variable) => aliasTensor(variable));
  try {
    return yield* steps();
  } finally {
    parameters.variables.forEach((variable, i) => {
      variable.assign(originals[i]!);
      originals[i]!.dispose();
    });
  }
}
