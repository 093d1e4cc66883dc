import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { dispose, train } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { ShuffledPasses } from '../../src/analysis/shuffled-passes.js';
import { SeededRandom } from '../../src/random.js';
import type { AnalysisProgress } from '../../src/analysis/analysis-options.js';
import type { Bench } from './bench.js';
import type { Preparation } from './finding.js';
import { eigenpairsOf } from './measure.js';
import type { PackedTensor } from './packed-tensor.js';
import { packTensor, unpackTensor } from './packed-tensor.js';
import type { PlannedRun } from './planned-run.js';
import { trainOn } from './training-step.js';
import { searchWeight, stepWeight } from './weights.js';
import { writeWhole } from './write-whole.js';

interface Peak {
  readonly step: number;
  readonly sharpness: number;
  /** In the order of the model. */
  readonly weights: readonly PackedTensor[];
}

interface Checkpoint extends Peak {
  readonly key: unknown;
}

/** A model where its sharpness was highest. */
export interface ModelAtPeak {
  /** The caller disposes it. */
  readonly model: LayersModel;
  readonly step: number;
  readonly sharpness: number;
}

/**
 * Training by plain SGD up to where λ₁ is highest. What comes of it is kept in `checkpoints/` beside the folder of the
 * run, because four of the findings begin from the same one.
 */
export function wayToPeak(planned: PlannedRun, seed: number): Preparation {
  const { steps, measureEvery, batchSize } = planned.plan.peak;
  return {
    id: `seed ${seed}, way to the peak`,
    weight: steps * stepWeight(batchSize) + (steps / measureEvery) * searchWeight(1),
    isDone: () => read(planned, seed) != null,
    run: (bench, onProgress) => trainToPeak(bench, seed, onProgress),
  };
}

/**
 * The model of a seed where its sharpness was highest.
 *
 * @throws Error before the way there is done
 */
export function modelAtPeak(bench: Bench, seed: number): ModelAtPeak {
  const checkpoint = read(bench, seed);
  if (checkpoint == null) throw new Error(`no checkpoint of seed ${seed}`);
  const model = bench.createModel(seed);
  restore(model, checkpoint);
  return { model, step: checkpoint.step, sharpness: checkpoint.sharpness };
}

async function trainToPeak(
  bench: Bench,
  seed: number,
  onProgress: (progress: AnalysisProgress) => void,
): Promise<void> {
  const { learningRate, batchSize, steps, measureEvery } = bench.plan.peak;
  const model = bench.createModel(seed);
  const optimizer = train.sgd(learningRate);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const { train: examples } = bench.data;
  const passes = new ShuffledPasses(examples.xs.shape[0]!, batchSize, new SeededRandom(seed), 'trainToPeak');
  let best: Peak = { step: 0, sharpness: -Infinity, weights: [] };
  try {
    for (let step = 0; step <= steps; step++) {
      if (step % measureEvery === 0) {
        const pairs = await eigenpairsOf(bench, model, 1);
        const sharpness = pairs.eigenvalues[0]!;
        pairs.dispose();
        if (sharpness > best.sharpness) best = { step, sharpness, weights: await save(model) };
      }
      if (step < steps) await trainOn(model, examples, passes.draw());
      onProgress({ done: step, total: steps });
    }
  } finally {
    model.dispose();
    optimizer.dispose();
  }
  write(bench, seed, best);
}

async function save(model: LayersModel): Promise<PackedTensor[]> {
  return Promise.all(model.getWeights().map(packTensor));
}

function restore(model: LayersModel, { weights }: Peak): void {
  const tensors = weights.map(unpackTensor);
  model.setWeights(tensors);
  dispose(tensors);
}

function pathOf({ settings }: PlannedRun, seed: number): string {
  const { data, model, size, out } = settings;
  return join(dirname(out), 'checkpoints', `${data}-${model}-${size}-seed-${seed}.json`);
}

/** The settings that decide where the peak is. */
function keyOf({ settings, plan }: PlannedRun, seed: number): unknown {
  const { data, model: name, size, randomLabels } = settings;
  const { peak, train: examples, widths, hessianExamples } = plan;
  const format = 'packed tensors';
  return JSON.parse(
    JSON.stringify({ format, data, name, size, randomLabels, peak, examples, widths, hessianExamples, seed }),
  );
}

/** The peak in the file; null where there is none, or that of other settings. */
function read(planned: PlannedRun, seed: number): Peak | null {
  try {
    const { key, ...peak } = JSON.parse(readFileSync(pathOf(planned, seed), 'utf8')) as Checkpoint;
    return isDeepStrictEqual(key, keyOf(planned, seed)) ? peak : null;
  } catch {
    return null;
  }
}

function write(planned: PlannedRun, seed: number, peak: Peak): void {
  const path = pathOf(planned, seed);
  const checkpoint: Checkpoint = { key: keyOf(planned, seed), ...peak };
  writeWhole(path, JSON.stringify(checkpoint));
}
