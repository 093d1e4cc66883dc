import type { Tensor } from '@tensorflow/tfjs-core';
import { dispose, zeros } from '@tensorflow/tfjs-core';
import type { TensorsByName } from '../objectives/batches.js';
import { mapTensors, tensorsOf } from '../objectives/batches.js';
import type { ModelData } from '../objectives/model-data.js';
import type { Objective, SplitObjective } from '../objectives/objective.js';
import { requireSplits } from '../objectives/objective.js';
import type { ParameterSpace } from '../parameters.js';
import type { AnalysisTarget } from './analysis-target.js';
import type { Own } from './owning.js';
import { openTest } from './test-source.js';

/** What to predict for: inputs of a model, or an objective of the same variables. */
export type LaplaceTest = { readonly xs: TensorsByName } | Objective;

/** What is to be predicted, as an objective of the same variables. */
export function openInputs(
  target: AnalysisTarget,
  test: LaplaceTest | undefined,
  parameters: ParameterSpace,
  own: Own,
  where: string,
): SplitObjective | null {
  if (test == null) return null;
  const { objective } = own(
    own(openTest(unweighed(target), withTargets(target, test, own), parameters, where)).first(Infinity),
  );
  requireSplits(objective, where);
  return objective;
}

/** A target without class weights, which are of targets, and have no part in predictions. */
function unweighed(target: AnalysisTarget): AnalysisTarget {
  if ('terms' in target || target.objective == null) return target;
  const kept = Object.entries(target.objective).filter(([name]) => name !== 'classWeight');
  return { ...target, objective: Object.fromEntries(kept) };
}

/** Test inputs with targets that fit the model and are not looked at. */
function withTargets(target: AnalysisTarget, test: LaplaceTest, own: Own): ModelData | Objective {
  if ('terms' in test || 'terms' in target) return test as Objective;
  const { ys } = target.data;
  const [first] = tensorsOf(test.xs);
  const made: Tensor[] = [];
  own({ dispose: () => dispose(made) });
  const like = (tensor: Tensor): Tensor => {
    const zero = zeros([first!.shape[0]!, ...tensor.shape.slice(1)], tensor.dtype);
    made.push(zero);
    return zero;
  };
  return { xs: test.xs, ys: mapTensors(ys, like) };
}
