import type { Rank, Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import { concat, ones, reshape, slice, tidy, transpose, zeros } from '@tensorflow/tfjs-core';
import { isExampleWise, isPartOfWeight } from '../../autodiff/example-adjoint.js';
import type { OutputTape } from '../../autodiff/output-tape.js';
import type { TapeNode, TapeValue } from '../../autodiff/tape.js';
import type { ValueUse } from '../../autodiff/value-uses.js';
import { ValueUses } from '../../autodiff/value-uses.js';
import type { Batch } from '../../objectives/batches.js';
import type { LinearUse } from './linear-use.js';
import { isBias, linearUse } from './linear-use.js';

/** A matrix W [inWidth, outWidth] that variables hold: a kernel, with a bias as its last row, or a bias by itself. */
export class LinearMap {
  /** Of W, with the row of the bias. */
  readonly inWidth: number;
  readonly outWidth: number;
  /** T, of all uses together. */
  readonly positions: number;
  private readonly isTransposed: boolean;

  /**
   * @param uses all places where the kernel is used, at least one
   * @param hasBias whether the bias is added to each of their results, and nowhere else
   */
  constructor(
    readonly uses: readonly LinearUse[],
    readonly hasBias: boolean,
  ) {
    const [{ inWidth, outWidth, isTransposed }] = uses as [LinearUse];
    this.inWidth = inWidth + Number(hasBias);
    this.outWidth = outWidth;
    this.isTransposed = isTransposed;
    this.positions = uses.reduce((sum, use) => sum + use.positions, 0);
  }

  /** x of some examples at all uses, with a 1 for the bias: [examples, positions, inWidth]. */
  inputs(batch: Batch): Tensor3D {
    return tidy(() => {
      const rows = joined(this.uses.map((use) => use.inputs(batch)));
      const [examples, positions] = rows.shape;
      return this.hasBias ? concat([rows, ones<Rank.R3>([examples, positions, 1])], 2) : rows;
    });
  }

  /** The adjoints of y of some examples at all uses, [examples, positions, outWidth], from those by use. */
  gradients(dys: readonly (Tensor | null)[], batch: Batch): Tensor3D {
    return tidy(() =>
      joined(this.uses.map((use, i) => use.gradients(dys[i] ?? zeros([...use.output.shape]), batch))),
    );
  }

  /** W from tensors shaped like the variables. */
  join([kernel, bias]: readonly Tensor[]): Tensor2D {
    return tidy(() => {
      const rows = this.inWidth - Number(this.hasBias);
      const matrix: Tensor2D = this.isTransposed
        ? transpose(reshape(kernel!, [this.outWidth, rows]))
        : reshape(kernel!, [rows, this.outWidth]);
      return bias == null ? matrix : concat([matrix, reshape(bias, [1, this.outWidth])], 0);
    });
  }

  /** The reverse of {@link join}: vectors in the order of the variables. */
  split(matrix: Tensor2D): Tensor[] {
    return tidy(() => {
      const rows = this.inWidth - Number(this.hasBias);
      const kernel = this.hasBias ? slice(matrix, [0, 0], [rows, this.outWidth]) : matrix;
      const stored = reshape(this.isTransposed ? transpose(kernel) : kernel, [-1]);
      if (!this.hasBias) return [stored];
      return [stored, reshape(slice(matrix, [rows, 0], [1, this.outWidth]), [-1])];
    });
  }
}

function joined(parts: Tensor3D[]): Tensor3D {
  return parts.length === 1 ? parts[0]! : concat(parts, 1);
}

/** Variables that share a block of the matrix, and of what kind it is. */
export interface BlockPlan {
  /** Their indices: kernel and bias, or one. */
  readonly variables: readonly number[];
  /** What they are as a linear map; null for no such thing. */
  readonly map: LinearMap | null;
  /** Without a map: all uses of the variable, where each gives the gradient of one example; else null. */
  readonly uses: readonly ValueUse[] | null;
  /** Why the block has no Kronecker factors but is diagonal; null for one that has. */
  readonly reason: string | null;
}

/**
 * The blocks of the matrix, in the order of the parameters.
 *
 * @param examples how many the outputs count
 * @param widest the widest factor to be had
 */
export function planBlocks(
  tape: OutputTape,
  variables: readonly Variable[],
  examples: number,
  widest: number,
): BlockPlan[] {
  const { nodes, sources } = tape;
  const uses = new ValueUses(nodes);
  const usesOf = sources.map(({ id }) => uses.of(id));
  const isSource = (node: TapeNode, input: string): boolean =>
    usesOf.some((own) => own.some((use) => use.node === node && use.input === input));
  const parts = new Set(usesOf.flat().filter((use) => isPartOfWeight(use, nodes, examples, isSource)));
  const alone = usesOf.map((own) => mapOf(own, examples, uses, sources, parts));
  const biases = biasesOf(alone, usesOf, uses);
  const joint = new Set(biases.values());
  return variables.flatMap((_, i): BlockPlan[] => {
    const found = alone[i]!;
    if (joint.has(i)) return [];
    if (typeof found === 'string') {
      const areWhole = !usesOf[i]!.some((use) => parts.has(use));
      const own = areWhole ? exampleWise(usesOf[i]!, tape, examples) : null;
      return [{ variables: [i], map: null, uses: own, reason: found }];
    }
    const bias = biases.get(i);
    const map = bias == null ? found.map : new LinearMap(found.map.uses, true);
    const width = Math.max(map.inWidth, map.outWidth);
    const tooWide = `a factor is ${width} wide; eigenvectors are computed up to ${widest}`;
    const reason = found.reason ?? (width > widest ? tooWide : null);
    return [{ variables: bias == null ? [i] : [i, bias], map, uses: null, reason }];
  });
}

/** The uses of a variable if each of them gives the gradient of one example, else null. */
function exampleWise(
  own: readonly ValueUse[],
  tape: OutputTape,
  examples: number,
): readonly ValueUse[] | null {
  const areSo = own.every(
    (use) => !use.isTransposed && isExampleWise(use, tape.nodesAfter(use.node.outputs[0]!), examples),
  );
  return areSo && own.length > 0 ? own : null;
}

/** What a variable is as a linear map, and why that has no factors all the same; or why it is none. */
function mapOf(
  own: readonly ValueUse[],
  examples: number,
  uses: ValueUses,
  sources: readonly TapeValue[],
  parts: ReadonlySet<ValueUse>,
): { readonly map: LinearMap; readonly reason: string | null } | string {
  if (own.length === 0) return 'the outputs do not depend on it';
  const found: LinearUse[] = [];
  for (const use of own) {
    const made = linearUse(use, examples);
    if (typeof made === 'string') return made;
    if (joinsVariables(use, uses, sources)) return 'it meets another variable before it meets an example';
    if (parts.has(use)) return 'it is made a part of a weight before it meets an example';
    found.push(made);
  }
  const [first] = found as [LinearUse];
  const isOneMatrix = found.every(
    (use) =>
      use.inWidth === first.inWidth &&
      use.outWidth === first.outWidth &&
      use.isTransposed === first.isTransposed,
  );
  if (!isOneMatrix) return 'it is used as matrices of several shapes, or also transposed';
  const isKernel = found.length > 1 && !own.every(isBias);
  const isChained = isKernel && uses.areChained(own.map(({ node }) => node));
  const reason = isChained ? 'it is recurrent: applied to what it has put out itself' : null;
  return { map: new LinearMap(found, false), reason };
}

/** Whether a product or a sum is one of variables alone, the rows of which are not those of examples. */
function joinsVariables({ node }: ValueUse, uses: ValueUses, sources: readonly TapeValue[]): boolean {
  const entering = sources.filter(({ id }) => uses.of(id).some((use) => use.node === node));
  return entering.length > 1 && !('bias' in node.inputs);
}

/** For each kernel the bias that is added to each of its results and to nothing else. */
function biasesOf(
  alone: readonly ReturnType<typeof mapOf>[],
  usesOf: readonly (readonly ValueUse[])[],
  uses: ValueUses,
): Map<number, number> {
  /** The bias that a node adds. */
  const addedBy = new Map<TapeNode, number>();
  usesOf.forEach((own, i) => {
    if (typeof alone[i] === 'string' || !own.every(isBias)) return;
    for (const { node } of own) addedBy.set(node, i);
  });
  const found = new Map<number, number>();
  usesOf.forEach((own, i) => {
    const kernel = alone[i]!;
    if (typeof kernel === 'string' || kernel.reason != null || own.some(isBias)) return;
    const added = own.map(({ node }, k) => {
      if ('bias' in node.inputs) return addedBy.get(node);
      const followers = uses.of(kernel.map.uses[k]!.output.id);
      return followers.length === 1 ? addedBy.get(followers[0]!.node) : undefined;
    });
    const [bias] = added;
    if (bias == null || added.some((other) => other !== bias)) return;
    const { map } = alone[bias] as { readonly map: LinearMap };
    if (map.uses.length === own.length && map.outWidth === kernel.map.outWidth) found.set(i, bias);
  });
  return found;
}
