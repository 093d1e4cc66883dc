import type { Objective } from '../objectives/objective.js';
import type { SeededRandom } from '../random.js';

/**
 * A random part of an objective: terms (batches, as a rule) drawn without replacement until they make up `share`
 * of its weight, weighted so that they stand for all.
 *
 * @param share in (0, 1]; 0.05 is the paper's
 * @returns an objective with at least one term; the very one for a share of 1
 */
export function sampleObjective(objective: Objective, share: number, random: SeededRandom): Objective {
  if (share === 1) return objective;
  const rest = [...objective.terms];
  const total = rest.reduce((sum, { weight }) => sum + weight, 0);
  const drawn: typeof rest = [];
  let weight = 0;
  while (rest.length > 0 && (drawn.length === 0 || weight < share * total)) {
    const [term] = rest.splice(Math.floor(random.uniform() * rest.length), 1);
    drawn.push(term!);
    weight += term!.weight;
  }
  const scale = total / weight;
  const terms = drawn.map((term) => ({ weight: term.weight * scale, loss: () => term.loss() }));
  return { ...objective, evaluate: (f) => objective.evaluate(f), terms };
}
