import { requireArgument } from '../errors.js';
import type { Objective } from '../objectives/objective.js';
import type { SeededRandom } from '../random.js';
import type { LossSource, MinibatchStream, SubObjective } from './loss-source.js';
import { ShuffledPasses } from './shuffled-passes.js';

/**
 * An objective as a source: its minibatches are its terms, drawn in random order without repetition within a pass,
 * and the loss is always the whole objective.
 */
export function objectiveSource(objective: Objective, where: string): LossSource {
  const whole = part(objective);
  return {
    parameters: objective.parameters,
    examples: null,
    first: () => whole,
    sample: () => whole,
    minibatches: (batchSize, random) => termStream(objective, batchSize, random, where),
    dispose: () => undefined,
  };
}

function termStream(
  objective: Objective,
  batchSize: number | undefined,
  random: SeededRandom,
  where: string,
): MinibatchStream {
  requireArgument(
    batchSize === undefined,
    where,
    'no batchSize with an objective, whose terms are the minibatches',
    batchSize,
  );
  const passes = new ShuffledPasses(objective.terms.length, 1, random, where);
  return {
    batchSize: null,
    draw: () => {
      const term = objective.terms[passes.draw()[0]!]!;
      return part({ ...objective, terms: [{ ...term, weight: 1 }] });
    },
  };
}

function part(objective: Objective): SubObjective {
  return { objective, examples: null, accuracy: () => null, dispose: () => undefined };
}
