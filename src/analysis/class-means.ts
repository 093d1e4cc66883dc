import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  argMax,
  cast,
  concat,
  dispose,
  divNoNan,
  mul,
  oneHot,
  reshape,
  slice,
  softmax,
  stack,
  sub,
  sum,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { linearizeOutputs } from '../autodiff/linearize-outputs.js';
import { linearizeWith } from '../autodiff/linearize.js';
import { requireThat } from '../errors.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { SplitObjective } from '../objectives/objective.js';
import type { OutputSplit } from '../objectives/output-split.js';
import { WeightedSum } from '../objectives/weighted-sum.js';
import { requireNotNegative } from '../operators/negative-weights.js';
import { asRows, classesOf, likelihoodShares, requireLikelihoods } from '../operators/residual-metrics.js';
import type { SolverSteps } from '../tfjs/drive.js';

/** Which gradients are taken together: those of the examples of a class, or these by the class they are taken for. */
export type ClassLevel = 'class' | 'crossClass';

/** A class c, and another one c′ for `'crossClass'`. */
export interface ClassGroup {
  readonly of: number;
  readonly for: number | null;
}

/** Means of gradients over groups. */
export interface ClassMeans {
  /** C, the number of classes. */
  readonly classes: number;
  readonly groups: readonly ClassGroup[];
  /** w of each group, Σ of the weights of its gradients. */
  readonly weights: Float64Array;
  /** √w ḡ of each group, [groups, n]; zero for a group without examples. */
  readonly rows: Tensor2D;
  dispose(): void;
}

/**
 * Weighted means ḡ of the gradients by θ of -log p_c′ of an example of class c, by p_c′ and its share of the loss:
 *
 *     g_icc′ = Jᵢᵀ(pᵢ - e_c′),   weight ωᵢ p_ic′,   Σᵢ Σ_c′ ωᵢ p_ic′ g_icc′ g_icc′ᵀ = G
 *
 * over the examples of a class and all c′ ≠ c, or by c and c′.
 *
 * Cost: a backward sweep for each group and batch.
 */
export function* classMeans(
  objective: SplitObjective,
  level: ClassLevel,
  advance: () => void,
  where: string,
): SolverSteps<ClassMeans> {
  const { parameters, terms } = objective;
  let groups: readonly ClassGroup[] = [];
  let sums: WeightedSum<Tensor1D>[] = [];
  let weights = new Float64Array(0);
  let classes = 0;
  try {
    for (const { weight, split } of terms) {
      const outputs = evaluateTerm(objective, () =>
        linearizeOutputs(() => split.outputs(), parameters, where),
      );
      try {
        requireClasses(split, where);
        requireNotNegative(split, where);
        const [z] = outputs.outputs;
        if (groups.length === 0) {
          classes = classesOf(z!);
          groups = groupsOf(classes, level);
          sums = groups.map(() => new WeightedSum<Tensor1D>());
          weights = new Float64Array(groups.length);
        }
        const parts = tidy(() => partsOf(split, [...outputs.outputs], weight, where));
        try {
          const read = yield tidy(() => concat(groups.map((group) => weightOf(parts, group))));
          groups.forEach((group, g) => {
            weights[g]! += read[g]!;
            // A batch without an example of the class.
            if (read[g] === 0) return;
            const gradient = tidy(() => {
              const pulled = outputs.vjp([reshape(cotangentOf(parts, group), z!.shape)]);
              const row = parameters.flatten(pulled);
              dispose(pulled.filter((part) => part != null));
              return row;
            });
            sums[g]!.add(1, gradient);
          });
        } finally {
          dispose([parts.p, parts.members, parts.shares]);
        }
      } finally {
        outputs.dispose();
      }
      advance();
    }
    const rows = tidy(
      () =>
        stack(
          sums.map(({ present }, g) =>
            present == null ? zeros([parameters.size]) : mul(present, 1 / Math.sqrt(weights[g]!)),
          ),
        ) as Tensor2D,
    );
    return { classes, groups, weights, rows, dispose: () => rows.dispose() };
  } finally {
    for (const one of sums) one.dispose();
  }
}

/** What is known of the examples of a term, by row. */
type TermParts = {
  /** p [R, C] */
  readonly p: Tensor2D;
  /** 1 for the class of the row, [R, C]. */
  readonly members: Tensor2D;
  /** ω [R, 1] */
  readonly shares: Tensor2D;
};

function partsOf(
  split: OutputSplit,
  z: Parameters<OutputSplit['loss']>[0],
  weight: number,
  where: string,
): TermParts {
  const linearization = linearizeWith(() => split.loss(z), z as never, where);
  try {
    const p = softmax(asRows(z[0]!));
    const [count, classes] = p.shape;
    const [shares] = likelihoodShares(split, z, where);
    // The gradient of the loss by z is ω(p - y): the targets, whatever they are given as.
    const slope = reshape(linearization.gradient, [count, classes]);
    const targets = sub(p, divNoNan(slope, shares!));
    const members = cast(oneHot(argMax(targets, 1) as Tensor1D, classes), 'float32') as Tensor2D;
    return { p, members, shares: mul(shares!, weight) };
  } finally {
    linearization.dispose();
  }
}

/** Column c of a matrix, [R, 1]. */
const column = (rows: Tensor2D, c: number): Tensor2D => slice(rows, [0, c], [-1, 1]);

/** w of a group, [1]. */
function weightOf({ p, members, shares }: TermParts, group: ClassGroup): Tensor1D {
  const share = group.for == null ? sub(1, column(p, group.of)) : column(p, group.for);
  return reshape(sum(mul(mul(shares, column(members, group.of)), share)), [1]);
}

/** Σ_c′ ω p_c′ (p - e_c′) of the rows of a group, [R, C]: of all c′ ≠ c together ω p_c (e_c - p). */
function cotangentOf({ p, members, shares }: TermParts, group: ClassGroup): Tensor2D {
  const at = group.for ?? group.of;
  const unit = cast(oneHot([at], p.shape[1]), 'float32');
  const away: Tensor2D = group.for == null ? sub(unit, p) : sub(p, unit);
  return mul(mul(mul(shares, column(members, group.of)), column(p, at)), away);
}

function groupsOf(classes: number, level: ClassLevel): ClassGroup[] {
  const all = Array.from({ length: classes }, (_, c) => c);
  if (level === 'class') return all.map((c) => ({ of: c, for: null }));
  return all.flatMap((c) => all.filter((other) => other !== c).map((other) => ({ of: c, for: other })));
}

function requireClasses(split: OutputSplit, where: string): void {
  const [likelihood, ...others] = requireLikelihoods(split, where);
  const isOne = likelihood === 'categorical' && others.length === 0;
  requireThat(
    isOne,
    where,
    'one output with softmax cross-entropy',
    `the likelihood ${[likelihood, ...others].join(', ')}`,
  );
}
