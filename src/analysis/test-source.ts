import { requireThat } from '../errors.js';
import type { ModelData } from '../objectives/model-data.js';
import type { Objective } from '../objectives/objective.js';
import { requireObjective } from '../objectives/objective.js';
import type { ParameterSpace } from '../parameters.js';
import type { AnalysisTarget, ModelTarget } from './analysis-target.js';
import { openTarget } from './analysis-target.js';
import type { LossSource } from './loss-source.js';

/**
 * Test examples as a source: data of the target's model, or an objective of the same variables. The caller disposes it.
 *
 * @param parameters those of the target
 */
export function openTest(
  target: AnalysisTarget,
  test: ModelData | Objective,
  { variables, names, size }: ParameterSpace,
  where: string,
): LossSource {
  const source = open(target, test, where);
  const given = source.parameters;
  const isSame = given.variables.every((variable, i) => variable === variables[i]) && given.size === size;
  if (!isSame) source.dispose();
  requireThat(
    isSame,
    where,
    `a test loss of the same variables (${names.join(', ')}) in the same order`,
    given.names.join(', '),
  );
  return source;
}

function open(target: AnalysisTarget, test: ModelData | Objective, where: string): LossSource {
  const isObjective = typeof test === 'object' && test !== null && 'terms' in test;
  if (isObjective) return openTarget(test, where);
  if ('terms' in target) requireObjective(test, where);
  const { model, objective } = target as ModelTarget;
  const source = { model, data: test as ModelData, ...(objective != null && { objective }) };
  return openTarget(source, `${where} test`);
}
