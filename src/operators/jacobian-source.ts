import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';
import type { TensorsByName } from '../objectives/batches.js';
import { orderInputs, requireLiveData } from '../objectives/model-data.js';
import { batchGroups, joinExamples, modelOutputs } from '../objectives/model-outputs.js';
import { modelVariables, requireLayersModel } from '../objectives/model-structure.js';
import type { Objective } from '../objectives/objective.js';
import type { Schema } from '../options.js';
import { byDefault, flag, integer, readOptions } from '../options.js';
import { parameterSpace } from '../parameters.js';

/** How the outputs of a model are taken. */
export interface JacobianOptions {
  /**
   * Examples run at once. Default 128, or what the model was built for (`batchInputShape`). All tapes are kept, so that it is a
   * matter of speed, not of memory.
   */
  readonly batchSize?: number;
  /**
   * Whether layers run as in training: dropout on, batch normalisation by the statistics of the batch. Default false.
   * Dropout masks are then the same at every evaluation.
   */
  readonly training?: boolean;
}

const schema = { batchSize: integer(1), training: byDefault(flag, false) } satisfies Schema<JacobianOptions>;

/** Outputs z of some variables, in groups of examples that are differentiated at once. */
export interface OutputSource extends Pick<Objective, 'parameters' | 'source' | 'evaluate'> {
  readonly groups: readonly (() => Tensor[])[];
}

/** The outputs of a model for some inputs, or of a function of some variables. */
export function sourceOf(
  modelOrOutputs: LayersModel | (() => Tensor | Tensor[]),
  xsOrVariables: TensorsByName | readonly Variable[],
  options: JacobianOptions | undefined,
  where: string,
): OutputSource {
  if (typeof modelOrOutputs !== 'function') {
    return sourceOfModel(
      modelOrOutputs,
      xsOrVariables as TensorsByName,
      options === undefined ? {} : options,
      where,
    );
  }
  const parameters = parameterSpace(xsOrVariables as readonly Variable[], where);
  requireArgument(options === undefined, where, 'no options beside a function', options);
  const outputs = (): Tensor[] => {
    const result = modelOrOutputs();
    return Array.isArray(result) ? result : [result];
  };
  return { parameters, source: where, evaluate: (f) => f(), groups: [outputs] };
}

function sourceOfModel(
  model: LayersModel,
  xs: TensorsByName,
  options: JacobianOptions,
  where: string,
): OutputSource {
  requireLayersModel(model, where);
  const ordered = orderInputs(model, xs, where);
  const { batchSize, training } = readOptions(options, schema, where);
  const groups = batchGroups(model, ordered.examples, batchSize, where).map((batches) => () => {
    const byBatch = modelOutputs(model, ordered.xs, batches, training);
    return byBatch[0]!.map((_, output) => joinExamples(byBatch.map((z) => z[output]!)));
  });
  return {
    parameters: parameterSpace(modelVariables(model, where), where),
    source: where,
    groups,
    evaluate: (f) => {
      requireLiveData(ordered, where);
      return f();
    },
  };
}
