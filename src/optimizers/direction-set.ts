import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { clone, concat, keep, slice, tidy, zeros } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { remedyFor } from '../remedies.js';
import { requireTensor } from '../rows.js';
import type { DirectionBlocks } from './nudge.js';

/**
 * Orthonormal directions V [k, n] of parameter space and the variables their columns belong to. Owns its tensors.
 *
 * The columns lie on the device by variable, and nowhere else; V as a whole is put together for who asks for it.
 */
export class DirectionSet {
  private readonly blocks = new Map<Variable, Tensor2D>();
  private unbound: Tensor2D | null;
  private bound: ParameterSpace | null = null;
  private lent: { readonly rows: Tensor2D; readonly parameters: ParameterSpace } | null = null;

  /**
   * @param rows V, which the set takes over
   * @param eigenvalues curvature along each row, where known
   * @param step the step at which the directions were found
   */
  constructor(
    rows: Tensor2D,
    readonly eigenvalues: Float64Array | null,
    readonly step: number,
  ) {
    this.unbound = keep(rows);
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
    const whole = this.unbound!;
    requireWidth(whole, parameters, where);
    const { offsets, variables } = parameters;
    const blocks = tidy(() =>
      variables.map((variable, i) => slice(whole, [0, offsets[i]!], [-1, variable.size])),
    );
    variables.forEach((variable, i) => this.blocks.set(variable, keep(blocks[i]!)));
    this.bound = parameters;
    this.unbound = null;
    whole.dispose();
  }

  /** Whether there are as many columns as these variables have elements. */
  fits(variables: readonly Variable[]): boolean {
    const columns = this.unbound?.shape[1] ?? this.bound!.size;
    return columns === variables.reduce((sum, { size }) => sum + size, 0);
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
   * V [k, n] with the columns of some variables, zeros for one without: a new tensor outside of any tidy, owned by the
   * caller.
   *
   * @param parameters the variables; null for those of the set
   */
  join(parameters: ParameterSpace | null): Tensor2D {
    const { unbound, lent } = this;
    if (unbound != null) return keep(clone(unbound));
    const space = parameters ?? this.bound!;
    if (lent?.parameters === space) return keep(clone(lent.rows));
    const [[k] = [0]] = [...this.blocks.values()].map(({ shape }) => shape);
    return tidy(() =>
      keep(
        concat(
          space.variables.map((variable) => this.blocks.get(variable) ?? zeros([k, variable.size])),
          1,
        ),
      ),
    );
  }

  /**
   * V as {@link join} gives it, lent to who does not dispose of it. The set holds it beside the columns until it is
   * disposed, or asked for other variables.
   */
  lend(parameters: ParameterSpace | null): Tensor2D {
    if (this.unbound != null) return this.unbound;
    const space = parameters ?? this.bound!;
    if (this.lent?.parameters !== space) {
      const rows = this.join(space);
      this.lent?.rows.dispose();
      this.lent = { rows, parameters: space };
    }
    return this.lent!.rows;
  }

  dispose(): void {
    this.unbound?.dispose();
    this.lent?.rows.dispose();
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
