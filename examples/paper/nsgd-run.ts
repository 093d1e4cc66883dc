import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import { distanceTravelled } from '../../src/analysis/distance-travelled.js';
import { ShuffledPasses } from '../../src/analysis/shuffled-passes.js';
import { NSGD } from '../../src/optimizers/nsgd.js';
import { SeededRandom } from '../../src/random.js';
import type { Bench } from './bench.js';
import { accuracyOn, eigenpairsOf, trainingLoss } from './measure.js';
import { randomOrthonormal } from './random-orthonormal.js';
import { trainOn } from './training-step.js';

/** What is varied. */
export interface NsgdChoice {
  readonly seed: number;
  readonly gamma: number;
  readonly k: number;
  /** Whether the directions are random ones instead of the sharpest: the paper's control. */
  readonly control?: boolean;
}

/** A measurement during training. */
export interface NsgdRecord {
  readonly step: number;
  /** Training loss. */
  readonly loss: number;
  /** λ₁ */
  readonly sharpness: number;
  /** On the validation examples. */
  readonly accuracy: number;
}

/** A training run with NSGD. */
export interface NsgdResult {
  readonly gamma: number;
  readonly k: number;
  readonly control: boolean;
  readonly records: readonly NsgdRecord[];
  readonly end: NsgdRecord;
  /** ‖θ − θ₀‖₂ at the end. */
  readonly distance: number;
  readonly testAccuracy: number;
}

/**
 * Trains a fresh model with NSGD. Directions are found on the Hessian's sample of the training data every
 * `refreshEvery` steps, as in the paper, where that is an epoch.
 */
export async function trainNudged(
  bench: Bench,
  { seed, gamma, k, control = false }: NsgdChoice,
  onProgress: (progress: AnalysisProgress) => void,
): Promise<NsgdResult> {
  const { learningRate, batchSize, epochs, refreshEvery } = bench.plan.nsgd;
  const { train, validation, test } = bench.data;
  const examples = train.xs.shape[0]!;
  const passes = new ShuffledPasses(examples, batchSize, new SeededRandom(seed), 'trainNudged');
  const random = new SeededRandom(seed + 1000);
  const shifts = bench.settings.augment ? random : null;
  const steps = epochs * Math.floor(examples / batchSize);
  const model = bench.createModel(seed);
  const optimizer = new NSGD({ learningRate, gamma, k, refreshEvery: 0 });
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const travelled = distanceTravelled(model);
  const records: NsgdRecord[] = [];
  try {
    for (let step = 0; step <= steps; step++) {
      if (step % refreshEvery === 0 || step === steps) {
        const pairs = await eigenpairsOf(bench, model, k);
        const loss = await trainingLoss(bench, model);
        const accuracy = await accuracyOn(validation, model);
        records.push({ step, loss, sharpness: pairs.eigenvalues[0]!, accuracy });
        const [count, size] = pairs.eigenvectors.shape;
        const directions = control ? randomOrthonormal(count, size, random) : pairs.eigenvectors;
        optimizer.setDirections(directions);
        if (control) directions.dispose();
        pairs.dispose();
      }
      if (step < steps) await trainOn(model, train, passes.draw(), shifts);
      onProgress({ done: step, total: steps });
    }
    const { distance } = await travelled.measure(steps);
    const testAccuracy = await accuracyOn(test, model);
    return { gamma, k, control, records, end: records.at(-1)!, distance, testAccuracy };
  } finally {
    travelled.dispose();
    model.dispose();
    optimizer.dispose();
  }
}
