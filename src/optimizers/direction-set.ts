import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { concat, keep, slice, tidy, zeros } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { remedyFor } from '../remedies.js';
import { requireTensor } from '../rows.js';
import type { DirectionBlocks } from './nudge.js';

/**
 * Orthonormal directions V [k, n] of parameter space and the variables their columns belong to. Owns its tensors.
 *
 * The columns lie on the device by variable; V as a whole is put together when it is asked for.
 */
export class DirectionSet {
  private readonly blocks = new Map<Variable, Tensor2D>();
  private bound: ParameterSpace | null = null;

  /**
   * @param whole V, which the set takes over
   * @param eigenvalues curvature along each row, where known
   * @param step the step at which the directions were found
   */
  constructor(
    private whole: Tensor2D | null,
    readonly eigenvalues: Float64Array | null,
    readonly step: number,
  ) {
    keep(whole!);
  }

  /** The variables of the columns, or null until {@link bind}. */
  get parameters(): ParameterSpace | null {
    return this.bound;
  }

  /**
   * Says which variables the columns belong to, in order.
   *
   * @throws CurvatureArgumentError that names `where`, unless there are as many columns as parameters
   */
  bind(parameters: ParameterSpace, where: string): void {
    const whole = this.whole!;
    requireWidth(whole, parameters, where);
    const { offsets, variables } = parameters;
    const blocks = tidy(() =>
      variables.map((variable, i) => slice(whole, [0, offsets[i]!], [-1, variable.size])),
    );
    variables.forEach((variable, i) => this.blocks.set(variable, keep(blocks[i]!)));
    this.bound = parameters;
    this.whole = null;
    whole.dispose();
  }

  /** Whether the columns belong to exactly these variables, in this order. */
  belongsTo({ variables }: ParameterSpace): boolean {
    const own = this.bound?.variables;
    return own?.length === variables.length && own.every((variable, i) => variable === variables[i]);
  }

  /** Whether any of the variables has columns. */
  meets(variables: readonly Variable[]): boolean {
    return variables.some((variable) => this.blocks.has(variable));
  }

  /** The columns of some variables: null for one that the directions were not found for. They stay the set's. */
  blocksOf(variables: readonly Variable[]): DirectionBlocks {
    return variables.map((variable) => this.blocks.get(variable) ?? null);
  }

  /**
   * V [k, n] with the columns of some variables, zeros for one without. The tensor is the set's.
   *
   * @param parameters the variables; null for those of the set
   */
  rows(parameters: ParameterSpace | null): Tensor2D {
    if (this.whole != null && (this.bound == null || parameters == null || this.belongsTo(parameters))) {
      return this.whole;
    }
    const variables = (parameters ?? this.bound!).variables;
    const [[k] = [0]] = [...this.blocks.values()].map(({ shape }) => shape);
    const last = this.whole;
    this.whole = tidy(() =>
      keep(
        concat(
          variables.map((variable) => this.blocks.get(variable) ?? zeros([k, variable.size])),
          1,
        ),
      ),
    );
    last?.dispose();
    return this.whole;
  }

  dispose(): void {
    this.whole?.dispose();
    for (const block of this.blocks.values()) block.dispose();
  }
}

/** Throws unless `directions` is a float32 tensor [k, n] with k ≥ 1, and n that of the parameters where known. */
export function requireDirections(
  directions: Tensor2D,
  parameters: ParameterSpace | null,
  where: string,
): void {
  const expected = 'a live float32 tensor of orthonormal rows [k, n]';
  const isBlock = (shape: readonly number[]): boolean => shape.length === 2 && shape[0]! > 0;
  requireTensor(directions, isBlock, where, expected, remedyFor('directions', directions));
  if (parameters != null) requireWidth(directions, parameters, where);
}

function requireWidth(directions: Tensor2D, parameters: ParameterSpace, where: string): void {
  requireArgument(
    directions.shape[1] === parameters.size,
    where,
    `directions of shape [k, ${parameters.size}], one column per trainable parameter`,
    directions,
  );
}
