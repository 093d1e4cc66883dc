import type { Schema } from '../options.js';
import { anyInteger, byDefault, list, readOptions } from '../options.js';
import type { NoiseGridOptions } from './noise-grid.js';
import { lengthOf, noiseGridSchema } from './noise-grid.js';
import { leastHessianExamples } from './sharpest-directions.js';

/** Settings of {@link noiseGridUnits}: those of the whole grid. */
export interface NoiseGridUnitsOptions extends Omit<NoiseGridOptions, 'seed' | 'onProgress' | 'signal'> {
  /** A grid for each. Default [0]. */
  readonly seeds?: readonly number[];
}

/** One run of a grid: a unit of a sweep. */
export interface NoiseGridUnit {
  readonly id: string;
  /** Settings of `noiseGrid` for this run alone: plain data. */
  readonly task: NoiseGridOptions;
  /** About how many examples are differentiated. */
  readonly weight: number;
}

const { learningRates, batchSizes, steps, measureEvery, momentum, k, lossExamples, hessianExamples, tol } =
  noiseGridSchema;
const seeds = byDefault(list<number>('integers', anyInteger.accepts), [0]);
const schema = {
  ...{ learningRates, batchSizes, steps, measureEvery, momentum, k, lossExamples, hessianExamples, tol },
  seeds,
} satisfies Schema<NoiseGridUnitsOptions>;

const where = 'noiseGridUnits';

/** Products of a search for k directions, each some two gradients, as `noiseGrid` says. */
const productsOf = (k: number): number => 10 + 5 * k;

/**
 * A grid of `noiseGrid` as one unit for each η, S and seed, to be run on many machines (`runSweep` of
 * `tfjs-curvature/nats`), or one after the other.
 *
 * Each run begins from the parameters that the model has where it is run, and draws its minibatches by its own seed, so
 * that its record is that of the whole grid, bit for bit on the same backend.
 *
 * @param options those of `noiseGrid`, with `seeds`; a function for `steps` or `measureEvery` is asked here
 * @returns units {id, task, weight}: `noiseGrid(target, task)` has one run
 * @throws CurvatureArgumentError for options out of range
 * @example
 * const units = noiseGridUnits({ learningRates: [0.1, 0.01], batchSizes: [8, 16], steps: 10, seeds: [1, 2] });
 * const runs = [];
 * for (const { task } of units) runs.push(...(await noiseGrid({ model, data: { xs, ys } }, task)).runs);
 */
export function noiseGridUnits(options: NoiseGridUnitsOptions): readonly NoiseGridUnit[] {
  const settled = readOptions(options, schema, where);
  const { learningRates, batchSizes, momentum, k, lossExamples, hessianExamples, tol, seeds } = settled;
  const shared = { momentum, k, lossExamples, tol, ...(hessianExamples != null && { hessianExamples }) };
  return seeds.flatMap((seed) =>
    learningRates.flatMap((learningRate) =>
      batchSizes.map((batchSize) => {
        const length = lengthOf(settled, batchSize, where);
        const measurements = Math.ceil(length.steps / length.measureEvery) + 1;
        const measured = 2 * productsOf(k) * (hessianExamples ?? leastHessianExamples);
        return {
          id: `η = ${learningRate}, S = ${batchSize}, seed ${seed}`,
          task: { learningRates: [learningRate], batchSizes: [batchSize], ...length, ...shared, seed },
          weight: length.steps * batchSize + measurements * measured,
        };
      }),
    ),
  );
}
