import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { tensor, tidy, train } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { ShuffledPasses } from '../../src/analysis/shuffled-passes.js';
import { SeededRandom } from '../../src/random.js';
import type { Bench } from './bench.js';
import { eigenpairsOf } from './measure.js';
import { trainOn } from './training-step.js';

interface Checkpoint {
  readonly key: unknown;
  readonly step: number;
  readonly sharpness: number;
  /** Weights in the order of the model, as base64 of their float32 bytes. */
  readonly weights: readonly string[];
}

/** A model where its sharpness was highest. */
export interface ModelAtPeak {
  /** The caller disposes it. */
  readonly model: LayersModel;
  readonly step: number;
  readonly sharpness: number;
}

/**
 * Trains a model by plain SGD and takes it back to where λ₁ was highest. Checkpoints are kept in `checkpoints/` beside
 * the folder of the run, because four of the findings begin from the same one.
 */
export async function modelAtPeak(bench: Bench, seed: number): Promise<ModelAtPeak> {
  const { data, model: name, size, randomLabels, out } = bench.settings;
  const { peak, train: examples, widths, hessianExamples } = bench.plan;
  const key: unknown = JSON.parse(
    JSON.stringify({ data, name, size, randomLabels, peak, examples, widths, hessianExamples, seed }),
  );
  const path = join(dirname(out), 'checkpoints', `${data}-${name}-${size}-seed-${seed}.json`);
  const stored = read(path);
  const model = bench.createModel(seed);
  const checkpoint =
    stored != null && isDeepStrictEqual(stored.key, key)
      ? stored
      : await trainToPeak(bench, model, seed, key);
  if (checkpoint !== stored) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.part`, JSON.stringify(checkpoint));
    renameSync(`${path}.part`, path);
  }
  restore(model, checkpoint);
  return { model, step: checkpoint.step, sharpness: checkpoint.sharpness };
}

async function trainToPeak(
  bench: Bench,
  model: LayersModel,
  seed: number,
  key: unknown,
): Promise<Checkpoint> {
  const { learningRate, batchSize, steps, measureEvery } = bench.plan.peak;
  const optimizer = train.sgd(learningRate);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const { train: examples } = bench.data;
  const passes = new ShuffledPasses(examples.xs.shape[0]!, batchSize, new SeededRandom(seed), 'trainToPeak');
  let best: Checkpoint = { key, step: 0, sharpness: -Infinity, weights: [] };
  for (let step = 0; step <= steps; step++) {
    if (step % measureEvery === 0) {
      const pairs = await eigenpairsOf(bench, model, 1);
      const sharpness = pairs.eigenvalues[0]!;
      pairs.dispose();
      if (sharpness > best.sharpness) best = { key, step, sharpness, weights: await save(model) };
    }
    if (step < steps) await trainOn(model, examples, passes.draw());
  }
  optimizer.dispose();
  return best;
}

async function save(model: LayersModel): Promise<string[]> {
  const values = await Promise.all(model.getWeights().map((weight) => weight.data()));
  return values.map((bytes) => Buffer.from(Float32Array.from(bytes).buffer).toString('base64'));
}

function restore(model: LayersModel, { weights }: Checkpoint): void {
  tidy(() => {
    const present = model.getWeights();
    model.setWeights(
      weights.map((text, i) => {
        const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
        return tensor(new Float32Array(bytes.buffer), present[i]!.shape);
      }),
    );
  });
}

function read(path: string): Checkpoint | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Checkpoint;
  } catch {
    return null;
  }
}
