import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { tidy, variable, zerosLike } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { PresentValues } from '../variables.js';
import { withCorrections } from '../tfjs/corrections/execute.js';
import { handToScope, requireEngine } from '../tfjs/engine.js';
import type { Jitter } from './jitter.js';
import { Recorder } from './recorder.js';
import { Sweep } from './sweep.js';
import type { ValueId } from './tape.js';

/** Outputs z(θ) ∈ R^m at one point θ, with products by their Jacobian J = ∂z/∂θ from both sides. */
export interface OutputLinearization {
  /** z as variables of their own, holding the values at θ, in the order given. */
  readonly outputs: ParameterSpace;
  /** Jv. v: shape [n]. Returns a new tensor [m], the outputs one after the other, that the caller disposes. */
  jvp(v: Tensor1D): Tensor1D;
  /** Jᵀu. u: shape [m]. Returns a new tensor [n] that the caller disposes. */
  vjp(u: Tensor1D): Tensor1D;
  /** Whether the variables still hold the values of θ. */
  isCurrent(): boolean;
  /** Releases the tape and the outputs. Harmless when repeated. */
  dispose(): void;
}

/**
 * Linearizes the outputs of a model at the present values of the variables.
 *
 * Jᵀu is one backward sweep. Jv is one, too: Jᵀu is linear in u, so the derivative of ⟨Jᵀu, v⟩ by u is Jv,
 * whatever u is (Townsend 2017, "A new trick for calculating Jacobian vector products").
 *
 * @param f computes the outputs, float32, from the variables; called once
 * @param parameters the variables to differentiate by
 * @param where the public function to name in errors
 * @param jitter errors that go into the outputs and all products
 * @returns the linearization; the caller disposes it
 * Cost: one evaluation and one gradient; Jᵀu and Jv about one backward pass each.
 */
export function linearizeOutputs(
  f: () => Tensor[],
  parameters: ParameterSpace,
  where: string,
  jitter: Jitter | null = null,
): OutputLinearization {
  requireEngine(where);
  const recorder = new Recorder({ jitter });
  try {
    let linearization: OutputLinearization;
    // Not returned from the tidy, which would take every tensor it can reach for a result.
    tidy(() => {
      linearization = recordOutputs(f, parameters, recorder, jitter, where);
    });
    return linearization!;
  } catch (error) {
    recorder.dispose();
    throw error;
  }
}

function recordOutputs(
  f: () => Tensor[],
  parameters: ParameterSpace,
  recorder: Recorder,
  jitter: Jitter | null,
  where: string,
): OutputLinearization {
  const variables = parameters.variables as Variable[];
  const values = new PresentValues(variables);
  const recording = recorder.record(variables, () => {
    const sources = recorder.sourcesOf(variables);
    const outputs = tidy(f);
    requireOutputs(outputs, recorder, where);
    const outputIds = outputs.map((output) => recorder.idOf(output));
    const backward = new Sweep(recorder.nodes, sources, outputIds);
    const cotangents = outputs.map((output) => zerosLike(output));
    for (const cotangent of cotangents) recorder.track(cotangent);
    const gradients = recorder.sweep(backward, zip(outputIds, cotangents));
    return { outputs, outputIds, backward, cotangents, gradients };
  });
  const { outputs, outputIds, backward, cotangents, gradients } = recording;
  const seeds = cotangents.map((cotangent) => ({ id: recorder.idOf(cotangent), shape: cotangent.shape }));
  const gradientIds = gradients.map((gradient) => (gradient == null ? null : recorder.idOf(gradient)));
  const forward = new Sweep(
    recorder.nodes,
    seeds,
    gradientIds.filter((id) => id != null),
  );
  recorder.retain(backward, forward);
  const space = parameterSpace(
    outputs.map((output) => variable(output, false)),
    where,
  );
  return new TapeOutputLinearization(
    parameters,
    values,
    space,
    { sweep: backward, seeds: outputIds },
    { sweep: forward, seeds: gradientIds },
    recorder,
    jitter,
  );
}

/** A linear map as a sweep over a tape: adjoints of some values in, adjoints of others out. */
interface LinearSweep {
  readonly sweep: Sweep;
  readonly seeds: readonly (ValueId | null)[];
}

class TapeOutputLinearization implements OutputLinearization {
  private disposed = false;

  constructor(
    private readonly parameters: ParameterSpace,
    private readonly values: PresentValues,
    readonly outputs: ParameterSpace,
    private readonly backward: LinearSweep,
    private readonly forward: LinearSweep,
    private readonly recorder: Recorder,
    private readonly jitter: Jitter | null,
  ) {}

  jvp(v: Tensor1D): Tensor1D {
    return apply(this.forward, v, this.parameters, this.outputs, this.jitter);
  }

  vjp(u: Tensor1D): Tensor1D {
    return apply(this.backward, u, this.outputs, this.parameters, this.jitter);
  }

  isCurrent(): boolean {
    return this.values.areCurrent();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.recorder.dispose();
    for (const output of this.outputs.variables) output.dispose();
  }
}

function apply(
  map: LinearSweep,
  x: Tensor1D,
  from: ParameterSpace,
  to: ParameterSpace,
  jitter: Jitter | null,
): Tensor1D {
  return tidy(() => {
    const seeds = zip(map.seeds, from.unflatten(x));
    const parts = withCorrections(() => map.sweep.run(seeds, { jitter }));
    for (const part of parts) if (part != null) handToScope(part);
    return to.flatten(parts);
  });
}

function zip(ids: readonly (ValueId | null)[], tensors: readonly Tensor[]): [ValueId, Tensor][] {
  return ids.flatMap((id, i) => (id == null ? [] : [[id, tensors[i]!] as [ValueId, Tensor]]));
}

function requireOutputs(outputs: Tensor[], recorder: Recorder, where: string): void {
  const dependent = outputs.length > 0 && outputs.every((output) => recorder.isTracked(output));
  if (!dependent || outputs.some((output) => output.dtype !== 'float32')) {
    throw new CurvatureArgumentError(
      where,
      'float32 outputs that depend on the variables',
      `${outputs.length} outputs, not all of them such`,
    );
  }
}
