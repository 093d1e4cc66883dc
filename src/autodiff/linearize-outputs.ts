import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { tidy, variable, zerosLike } from '@tensorflow/tfjs-core';
import { requireArgument, requireThat } from '../errors.js';
import { withoutDerivative } from '../remedies.js';
import type { ParameterSpace } from '../parameters.js';
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
  readonly outputs: readonly Variable[];
  /** Jv from v by variable: for each output a new tensor shaped like it, that the caller disposes. */
  jvp(v: readonly Tensor[]): Tensor[];
  /**
   * Jᵀu from u by output, null for zeros: for each variable a new tensor shaped like it, kept and owned by the caller, or
   * null for zeros.
   */
  vjp(u: readonly (Tensor | null)[]): (Tensor | null)[];
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
  return new TapeOutputLinearization(
    values,
    outputs.map((output) => variable(output, false)),
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
    private readonly values: PresentValues,
    readonly outputs: readonly Variable[],
    private readonly backward: LinearSweep,
    private readonly forward: LinearSweep,
    private readonly recorder: Recorder,
    private readonly jitter: Jitter | null,
  ) {}

  jvp(v: readonly Tensor[]): Tensor[] {
    return tidy(() =>
      this.apply(this.forward, v).map((part, i) => {
        if (part == null) return zerosLike(this.outputs[i]!);
        handToScope(part);
        return part;
      }),
    );
  }

  vjp(u: readonly (Tensor | null)[]): (Tensor | null)[] {
    return this.apply(this.backward, u);
  }

  isCurrent(): boolean {
    return this.values.areCurrent();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.recorder.dispose();
    for (const output of this.outputs) output.dispose();
  }

  private apply({ sweep, seeds }: LinearSweep, x: readonly (Tensor | null)[]): (Tensor | null)[] {
    return withCorrections(() => sweep.run(zip(seeds, x), { jitter: this.jitter }));
  }
}

function zip(ids: readonly (ValueId | null)[], tensors: readonly (Tensor | null)[]): [ValueId, Tensor][] {
  return ids.flatMap((id, i) =>
    id == null || tensors[i] == null ? [] : [[id, tensors[i]] as [ValueId, Tensor]],
  );
}

/** Throws an error that names `where` unless all outputs are float32 and one at least depends on the sources. */
export function requireOutputs(outputs: Tensor[], recorder: Recorder, where: string): void {
  const other = outputs.find(({ dtype }) => dtype !== 'float32');
  requireArgument(other == null, where, 'float32 outputs', other);
  requireThat(
    outputs.some((output) => recorder.isTracked(output)),
    where,
    'outputs that depend on the variables through differentiable operations',
    'outputs that depend on none of them',
    withoutDerivative('the outputs'),
  );
}
