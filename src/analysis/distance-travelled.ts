import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { keep, sub, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { aliasTensor } from '../tfjs/engine.js';
import { readOnce } from '../tfjs/read-once.js';
import { requireArgument, requireThat } from '../errors.js';
import { parameterSpace } from '../parameters.js';
import { euclideanNorm } from '../rows.js';
import { variablesOf } from '../variables.js';

/** How far the parameters were from where they began. */
export interface DistanceRecord {
  /** As given to `measure`. */
  readonly step: number;
  /** ‖θ − θ₀‖₂ over all parameters as one vector, as a Euclidean distance in parameter space. */
  readonly distance: number;
}

/** Remembers where the parameters began. Holds their tensors of that time until it is disposed. */
export interface DistanceTravelled {
  /** Measures ‖θ − θ₀‖₂ now, and notes it in `records`. */
  measure(step: number): Promise<DistanceRecord>;
  /** All measurements so far. */
  readonly records: readonly DistanceRecord[];
  /** Releases θ₀. Harmless when repeated. */
  dispose(): void;
}

const where = 'distanceTravelled';

/**
 * How far training has come from where it began: ‖θ − θ₀‖₂ over all trainable parameters as one vector, with θ₀ the
 * parameters at this call (§4 of the paper).
 *
 * @param target a model, or variables
 * @returns a measure that holds θ₀ on the device, without a copy until the parameters are assigned to: dispose it
 * @throws CurvatureArgumentError for a target without trainable float32 variables; a measurement, after one of them
 *   was disposed
 *
 * Cost of a measurement: some passes over the parameters. The parameters are not moved.
 *
 * @example
 * const travelled = distanceTravelled(model);
 * await model.fit(xs, ys, { epochs: 5 });
 * const { distance } = await travelled.measure(5);
 * travelled.dispose();
 */
export function distanceTravelled(target: LayersModel | Variable[]): DistanceTravelled {
  const given = variablesOf<unknown>(target, where);
  requireArgument(Array.isArray(given), where, 'a model or a list of variables', target);
  const parameters = parameterSpace(given as Variable[], where);
  const { variables } = parameters;
  let origin: Tensor[] = variables.map((variable) => aliasTensor(variable));
  const records: DistanceRecord[] = [];
  return {
    records,
    measure: async (step) => {
      requireThat(origin.length > 0, `${where}.measure`, 'a live measure', 'a disposed one');
      parameters.requireLive(`${where}.measure`);
      const [distance] = await readOnce(keep(distanceBetween(variables, origin)));
      const record = { step, distance: distance! };
      records.push(record);
      return record;
    },
    dispose: () => {
      for (const tensor of origin) tensor.dispose();
      origin = [];
    },
  };
}

/** ‖a − b‖₂ over all tensors as one vector. */
export function distanceBetween(a: readonly Tensor[], b: readonly Tensor[]): Scalar {
  return tidy(() => euclideanNorm(a.map((tensor, i) => sub(tensor, b[i]!))));
}
