import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import {
  add,
  addN,
  matMul,
  mul,
  reshape,
  scalar,
  slice,
  sqrt,
  square,
  sum,
  tidy,
} from '@tensorflow/tfjs-core';
import { exampleAdjoint } from '../../autodiff/example-adjoint.js';
import type { OutputTape } from '../../autodiff/output-tape.js';
import { withOutputTape } from '../../autodiff/output-tape.js';
import type { Batch } from '../../objectives/batches.js';
import { cutIntoBatches } from '../../objectives/batches.js';
import { examplesOf } from '../../objectives/examples-of-outputs.js';
import { evaluateTerm } from '../../objectives/linearize-objective.js';
import type { SplitObjective } from '../../objectives/objective.js';
import { withCorrections } from '../../tfjs/corrections/execute.js';
import type { FisherOptions } from '../fisher.js';
import { requireNotNegative } from '../negative-weights.js';
import { sharesOf } from '../residual-metrics.js';
import type { BlockPlan, LinearMap } from './block-plan.js';
import { planBlocks } from './block-plan.js';
import type { AdjointsByExample } from './examples-apart.js';
import { requireExamplesApart } from './examples-apart.js';
import type { OutputVector } from './output-vectors.js';
import { outputVectors, unitTensor } from './output-vectors.js';

/** What a pass goes by. */
export interface PassOptions extends Required<FisherOptions> {
  /** The widest factor to be had. */
  readonly widest: number;
}

/** Is told of what a pass comes by. Its tensors belong to the pass. */
export interface BlockVisitor {
  /** The blocks, at the beginning of each term. */
  plan(plans: readonly BlockPlan[]): void;
  /** Inputs √w_i x of some examples [examples, T, inWidth] of a block with factors; `share` is that of each example. */
  inputs?(block: number, rows: Tensor3D, share: number): void;
  /** Σ of the weights of the examples times their shares. */
  total?(weight: Scalar): void;
  /** Adjoints [examples, T, outWidth] for one output vector, of a linear map; and the inputs x that they belong to. */
  gradients(block: number, gradients: Tensor3D, inputs: () => Tensor3D): void;
  /** Where a block is no linear map: squares of the gradients of some examples, summed, shaped like its variable. */
  squares?(block: number, squares: Tensor): void;
}

/** Numbers that are worked on at once: 32 MB of them. */
const CHUNK = 2 ** 23;

/**
 * Goes once through all terms of an objective. Cost, each term: one evaluation, and one backward sweep for each of the output
 * vectors, and one to see that examples are apart; for a variable of which no use tells examples apart, one for each output
 * vector and example besides.
 */
export function passBlocks(
  objective: SplitObjective,
  options: PassOptions,
  visitor: BlockVisitor,
  where: string,
): void {
  const { parameters, terms } = objective;
  terms.forEach((term, index) => {
    const { split } = term;
    evaluateTerm(objective, () =>
      withOutputTape(
        () => split.outputs(),
        parameters,
        where,
        (tape) => {
          const examples = examplesOf(tape.outputs, where);
          const plans = planBlocks(tape, parameters.variables, examples, options.widest);
          visitor.plan(plans);
          withCorrections(() => {
            requireNotNegative(split, where);
            if (visitor.inputs != null) visitInputs(term, plans, tape, visitor);
            const vectors = outputVectors(term, tape.outputs, index, options, where);
            visitGradients(plans, tape, vectors, visitor, where);
            if (visitor.squares != null) visitSquares(plans, tape, vectors, visitor);
          });
        },
      ),
    );
  });
}

function visitInputs(
  { split, weight }: SplitObjective['terms'][number],
  plans: readonly BlockPlan[],
  { outputs }: OutputTape,
  visitor: BlockVisitor,
): void {
  const examples = outputs[0]!.shape[0]!;
  tidy(() => {
    const weights = outputs.map((_, output) => split.weights(output));
    const areOnes = weights.every((own) => own == null);
    /** w_i/N, over all outputs. */
    const shares = mul(addN(weights.map((own) => sharesOf(own, examples))), 1 / weights.length) as Tensor2D;
    visitor.total?.(areOnes ? scalar(weight) : mul(sum(shares), weight));
    const roots: Tensor3D | null = areOnes ? null : reshape(sqrt(shares), [examples, 1, 1]);
    plans.forEach(({ map, reason }, block) => {
      if (map == null || reason != null) return;
      forEachChunk(map, examples, false, (batch) => {
        const rows = map.inputs(batch);
        const own = roots == null ? rows : mul<Tensor3D>(rows, slice(roots, batch.begin, batch.size));
        visitor.inputs!(block, own, areOnes ? weight / examples : weight);
      });
    });
  });
}

function visitGradients(
  plans: readonly BlockPlan[],
  tape: OutputTape,
  vectors: readonly OutputVector[],
  visitor: BlockVisitor,
  where: string,
): void {
  const examples = tape.outputs[0]!.shape[0]!;
  const readers = plans
    .map((plan, block) => readerOf(plan, block, tape, examples, visitor))
    .filter((reader) => reader != null);
  const wanted = readers.flatMap((reader) => reader.wanted);
  if (wanted.length === 0) return;
  const spoilt = tidy(() => requireExamplesApart(readers, tape, where));
  const adjointsOf = tape.adjointsAt(wanted);
  for (const vector of vectors) {
    tidy(() => {
      const seeds = vector();
      const adjoints = adjointsOf(spoilt == null ? seeds : seeds.map((seed) => seed && add(seed, spoilt)));
      let first = 0;
      for (const reader of readers) {
        const own = adjoints.slice(first, (first += reader.wanted.length));
        if (own.some((dy) => dy != null)) reader.read(own);
      }
    });
  }
}

/** What a block takes from a sweep. */
interface AdjointReader extends AdjointsByExample {
  /** Hands on what the adjoints of these values tell, null for zeros. */
  read(dys: readonly (Tensor | null)[]): void;
}

/** The reader of a block; null for one that takes sweeps of its own, or nothing. */
function readerOf(
  { map, uses, variables }: BlockPlan,
  block: number,
  { sources }: OutputTape,
  examples: number,
  visitor: BlockVisitor,
): AdjointReader | null {
  if (map != null) {
    return {
      wanted: map.uses.map(({ output }) => output),
      byExample: (dys) => [map.gradients(dys, { begin: 0, size: examples })],
      read: (dys) =>
        forEachChunk(map, examples, true, (batch) =>
          visitor.gradients(block, map.gradients(dys, batch), () => map.inputs(batch)),
        ),
    };
  }
  if (uses == null || visitor.squares == null) return null;
  const { shape } = sources[variables[0]!]!;
  return {
    wanted: uses.map(({ node }) => node.outputs[0]!),
    byExample: (dys) => dys.filter((dy) => dy != null),
    read: (dys) => {
      for (let i = 0; i < examples; i++) {
        tidy(() => {
          const parts = uses.flatMap((use, k) => {
            const dy = dys[k];
            return dy == null ? [] : [reshape(exampleAdjoint(use, dy, i, examples), shape)];
          });
          visitor.squares!(block, square(addN(parts)));
        });
      }
    },
  };
}

function visitSquares(
  plans: readonly BlockPlan[],
  tape: OutputTape,
  vectors: readonly OutputVector[],
  visitor: BlockVisitor,
): void {
  const examples = tape.outputs[0]!.shape[0]!;
  const blocks = plans.flatMap(({ map, uses }, block) => (map == null && uses == null ? [block] : []));
  if (blocks.length === 0) return;
  const adjointsOf = tape.adjointsAt(blocks.map((block) => tape.sources[plans[block]!.variables[0]!]!));
  for (const vector of vectors) {
    tidy(() => {
      const seeds = vector();
      for (let i = 0; i < examples; i++) {
        tidy(() => {
          const own = seeds.map((seed) => seed && onlyExample(seed, i));
          adjointsOf(own).forEach((adjoint, k) => {
            if (adjoint != null) visitor.squares!(blocks[k]!, square(adjoint));
          });
        });
      }
    });
  }
}

/** Σ_i (x_iᵀ g_i)∘² for x [examples, T, a] and g [examples, T, b]: [a, b], the squared gradients of examples. */
export function squaredProducts(x: Tensor3D, g: Tensor3D): Tensor2D {
  return tidy(() => {
    const [examples, positions, a] = x.shape;
    if (positions > 1) return sum(square(matMul(x, g, true, false)), 0);
    return matMul(square(reshape(x, [examples, a])), square(reshape(g, [examples, -1])), true, false);
  });
}

/** Examples of which the rows, and with `products` the gradients too, are few enough to be worked on at once. */
function forEachChunk(map: LinearMap, examples: number, products: boolean, f: (batch: Batch) => void): void {
  const { positions, inWidth, outWidth } = map;
  const rows = positions * (inWidth + outWidth);
  const size = products && positions > 1 ? rows + inWidth * outWidth : rows;
  for (const batch of cutIntoBatches(examples, Math.max(1, Math.floor(CHUNK / size)))) tidy(() => f(batch));
}

/** A tensor with zeros for all examples but one. */
function onlyExample(tensor: Tensor, i: number): Tensor {
  return mul(
    tensor,
    unitTensor(
      i,
      tensor.shape.map((size, axis) => (axis === 0 ? size : 1)),
    ),
  );
}
