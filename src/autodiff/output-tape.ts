import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { tidy, variable } from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../parameters.js';
import { withCorrections } from '../tfjs/corrections/execute.js';
import { handToScope, requireEngine } from '../tfjs/engine.js';
import { requireOutputs } from './linearize-outputs.js';
import { Recorder } from './recorder.js';
import { Sweep } from './sweep.js';
import type { TapeNode, TapeValue } from './tape.js';

/** The evaluation of some outputs z(θ), node by node. */
export interface OutputTape {
  /** What was run between θ and z, in that order. */
  readonly nodes: readonly TapeNode[];
  /** θ on the tape, in the order of the parameters. */
  readonly sources: readonly TapeValue[];
  /** z as variables of their own, in the order given. */
  readonly outputs: readonly Variable[];
  /** The nodes that lie between a value and z. */
  nodesAfter(value: TapeValue): readonly TapeNode[];
  /**
   * Prepares for adjoints of some values on the tape.
   *
   * @returns Jᵀu for J = ∂z/∂value, for each value, from u by output, null for zeros. The innermost tidy owns what it
   *   returns; null where no output with a u depends on the value. Cost: one backward sweep down to the lowest value
   */
  adjointsAt(values: readonly TapeValue[]): (seeds: readonly (Tensor | null)[]) => (Tensor | null)[];
}

/**
 * Runs `use` with the tape of some outputs, which is released afterwards.
 *
 * @param f computes the outputs, float32, from the variables; called once
 * @param where the public function to name in errors
 */
export function withOutputTape(
  f: () => Tensor[],
  parameters: ParameterSpace,
  where: string,
  use: (tape: OutputTape) => void,
): void {
  requireEngine(where);
  const recorder = new Recorder();
  const outputs: Variable[] = [];
  try {
    const variables = parameters.variables as Variable[];
    tidy(() => {
      const { sources, ids, values } = recorder.record(variables, () => {
        const sources = recorder.sourcesOf(variables);
        const values = tidy(f);
        requireOutputs(values, recorder, where);
        return { sources, values, ids: values.map((value) => recorder.idOf(value)) };
      });
      for (const value of values) outputs.push(variable(value, false));
      const nodes = [...recorder.nodes];
      const adjointsAt: OutputTape['adjointsAt'] = (wanted) => {
        const sweep = new Sweep(nodes, wanted, ids);
        return (seeds) => {
          const given = ids.flatMap((id, i) => (seeds[i] == null ? [] : [[id, seeds[i]] as const]));
          const adjoints = withCorrections(() => sweep.run(given));
          for (const adjoint of adjoints) if (adjoint != null) handToScope(adjoint);
          return adjoints;
        };
      };
      const nodesAfter = (value: TapeValue): TapeNode[] => new Sweep(nodes, [value], ids).nodes;
      use({ nodes, sources, outputs, nodesAfter, adjointsAt });
    });
  } finally {
    recorder.dispose();
    for (const output of outputs) output.dispose();
  }
}
