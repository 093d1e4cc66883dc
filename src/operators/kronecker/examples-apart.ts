import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import {
  abs,
  addN,
  any,
  cast,
  greater,
  max,
  mul,
  randomNormal,
  reshape,
  scalar,
  sub,
  tensor2d,
  where as select,
} from '@tensorflow/tfjs-core';
import type { OutputTape } from '../../autodiff/output-tape.js';
import type { TapeNode, TapeValue, ValueId } from '../../autodiff/tape.js';
import { CurvatureArgumentError } from '../../errors.js';
import { synchronousRead } from '../../tfjs/capabilities.js';

/** What mixes may lead in one direction. Of more examples than these some lead from either half into the other. */
const FEW = 8;

/** Adjoints of some values, as a tensor of which the first axis counts examples. */
export interface AdjointsByExample {
  readonly wanted: readonly TapeValue[];
  byExample(dys: readonly (Tensor | null)[]): Tensor[];
}

/**
 * Throws where examples are mixed between a value and the outputs: an adjoint that belongs to one example is then no gradient of
 * that example's outputs. The adjoints from outputs of one half of the examples are to be 0 for the other half; of few
 * examples also the other way round. What is multiplied by 0 is 0 exactly, and NaN in the data counts for nothing here.
 *
 * Cost: a backward sweep, two of few examples. The innermost tidy owns what is made.
 *
 * @returns undefined, or, where numbers are not read at once for nothing, what to add to whatever is swept back: 0, or NaN for
 *   mixed examples
 */
export function requireExamplesApart(
  readers: readonly AdjointsByExample[],
  tape: OutputTape,
  where: string,
): Scalar | undefined {
  const examples = tape.outputs[0]!.shape[0]!;
  if (examples === 1) return undefined;
  const half = tensor2d(
    Array.from({ length: examples }, (_, i) => Number(isLeftOut(i))),
    [examples, 1],
  );
  const halves = examples > FEW ? [half] : [half, sub(1, half) as Tensor2D];
  const sweeps = halves.map((leftOut) => sweepOfOthers(tape, leftOut));
  const wanted = readers.flatMap((reader) => reader.wanted);
  const found = sweeps.flatMap(({ adjointsAt, isMixed }) => {
    const adjoints = adjointsAt(wanted);
    let first = 0;
    return readers.flatMap((reader) => {
      const own = adjoints.slice(first, (first += reader.wanted.length));
      return own.every((dy) => dy == null) ? [] : reader.byExample(own).map(isMixed);
    });
  });
  if (found.length === 0) return undefined;
  const worst = addN(found) as Scalar;
  if (synchronousRead() !== 'free') return select(greater(worst, 0), scalar(NaN), scalar(0)) as Scalar;
  if (worst.dataSync()[0] === 0) return undefined;
  const nodes = wanted.flatMap((value) => tape.nodesAfter(value));
  const counts = ({ shape }: TapeValue): boolean => shape.length > 0 && shape[0]! % examples === 0;
  const values = [...wanted, ...nodes.flatMap(({ outputs }) => outputs)].filter(counts);
  const mixed = sweeps.flatMap(({ adjointsAt, isMixed }) =>
    adjointsAt(values).flatMap((dy, i) =>
      dy != null && isMixed(dy).dataSync()[0]! > 0 ? [values[i]!.id] : [],
    ),
  );
  const last = Math.max(...mixed);
  throw mixedError(mixingNode(nodes, last, counts), where);
}

/** Adjoints from the outputs of some examples alone, and whether such adjoints have something for the others. */
function sweepOfOthers(
  tape: OutputTape,
  leftOut: Tensor2D,
): {
  adjointsAt(values: readonly TapeValue[]): (Tensor | null)[];
  isMixed(rows: Tensor): Scalar;
} {
  const [examples] = leftOut.shape;
  const seeds = tape.outputs.map((z, output) => {
    const column = reshape(
      sub(1, leftOut),
      z.shape.map((_, axis) => (axis === 0 ? examples : 1)),
    );
    return mul(randomNormal(z.shape, 0, 1, 'float32', output + 1), column);
  });
  return {
    adjointsAt: (values) => tape.adjointsAt(values)(seeds),
    isMixed: (rows) => {
      const reached = any(greater(abs(reshape(rows, [examples, -1])), 0), 1, true);
      return max(mul(cast(reached, 'float32') as Tensor2D, leftOut));
    },
  };
}

/** Half of all indices, without a pattern that what mixes them could have: by the fractional parts of multiples of 1/φ. */
const isLeftOut = (i: number): boolean => ((i + 1) * 0.6180339887498949) % 1 >= 0.5;

/** The node that mixes takes the last value whose adjoint is mixed, and as a rule makes of it what does not count examples. */
function mixingNode(
  nodes: readonly TapeNode[],
  last: ValueId,
  counts: (value: TapeValue) => boolean,
): TapeNode | null {
  const takers = nodes.filter(({ inputs }) => Object.values(inputs).some(({ id }) => id === last));
  return takers.find(({ outputs }) => !outputs.every(counts)) ?? takers[0] ?? null;
}

function mixedError(node: TapeNode | null, where: string): CurvatureArgumentError {
  const place =
    node?.layer == null ? (node?.name ?? 'an operation') : `${node.name} of layer '${node.layer}'`;
  return new CurvatureArgumentError(
    where,
    'outputs of each example that depend on that example alone',
    `examples that ${place} mixes`,
    'Batch normalisation does so as in training: take the objective with training: false, or GaussNewtonOperator and diagonal',
  );
}
