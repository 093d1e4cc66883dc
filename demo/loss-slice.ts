import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { EigenResult, HessianOperator } from '../src/index.js';
import { lossCrossSection } from '../src/index.js';
import { examplesOfUnit } from './choices.js';
import type { Examples } from './examples.js';
import type { LossSlice, OnProgress } from './records.js';
import type { Settings } from './settings.js';
import { objectiveOf, withSharpest } from './sharpest-directions.js';

/** Grid points on either side of the weights, along both axes. */
const reach = 8;

/** How far the slice goes on either side, in units: as far as the section along e₁. */
const extent = 4;

/**
 * The loss over the plane θ + a·s·e₁ + b·s·e₂, for a and b from −4 to 4, with s the mean step of SGD along e₁ on at most 32 examples.
 *
 * The plane is put together from cross-sections along e₁, one for each b. Weights are restored bit for bit. Cost: the
 * two sharpest directions, and some 300 losses.
 */
export async function lossSlice(
  model: LayersModel,
  data: Examples,
  { learningRate, batchSize }: Settings,
  onProgress: OnProgress,
): Promise<Omit<LossSlice, 'run' | 'step'>> {
  const objective = objectiveOf(model, data);
  return withSharpest(objective, async (directions, hessian) => {
    const along = { k: 1, eigenpairs: directions };
    const steps = await lossCrossSection(
      { model, data },
      { ...along, learningRate, batchSize: Math.min(batchSize, examplesOfUnit), distances: [0] },
    );
    const unit = steps.records[0]!.scale;
    const gradientStep = await coordinates(hessian, directions, -learningRate / unit);
    const distances = Array.from({ length: reach + 1 }, (_, i) => (i * extent) / reach);
    const offsets = [
      ...distances
        .slice(1)
        .reverse()
        .map((distance) => -distance),
      ...distances,
    ];
    const losses: number[][] = [];
    const theta = objective.parameters.read();
    try {
      for (const offset of offsets) {
        const moved = alongSecond(theta, directions.eigenvectors, offset * unit);
        objective.parameters.write(moved);
        moved.dispose();
        const { records } = await lossCrossSection(objective, { ...along, scale: unit, distances });
        losses.push([...records[0]!.losses]);
        onProgress(losses.length / offsets.length);
      }
    } finally {
      objective.parameters.write(theta);
      theta.dispose();
    }
    return { eigenvalues: Array.from(directions.eigenvalues), unit, offsets, losses, gradientStep };
  });
}

/** θ + distance·e₂. */
function alongSecond(theta: Tensor1D, rows: Tensor2D, distance: number): Tensor1D {
  return tf.tidy(() => {
    const second = tf.reshape(tf.slice(rows, [1, 0], [1, -1]), [-1]);
    return tf.add(theta, tf.mul(second, distance)) as Tensor1D;
  });
}

/** ⟨g, e_i⟩ for both directions, times a factor. */
async function coordinates(
  hessian: HessianOperator,
  { eigenvectors }: EigenResult,
  factor: number,
): Promise<number[]> {
  const products = tf.tidy(() => {
    const gradient = tf.reshape(hessian.gradient(), [-1, 1]);
    return tf.mul(tf.matMul(eigenvectors, gradient), factor);
  });
  const values = await products.data();
  products.dispose();
  return Array.from(values);
}
