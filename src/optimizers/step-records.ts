import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { concat, keep, reshape } from '@tensorflow/tfjs-core';
import { readOnce } from '../tfjs/read-once.js';

/** What one step of the optimizer did along its directions. Plain data. */
export interface StepRecord {
  /** The step, counted from 0. */
  readonly step: number;
  /** γ of the step. */
  readonly gamma: number;
  /** η of the step, with schedule and decay. */
  readonly learningRate: number;
  /** Steps since the directions and their eigenvalues were found. */
  readonly age: number;
  /** ‖g‖₂ of the minibatch gradient, after clipping and before any correction. */
  readonly gradientNorm: number;
  /** |α_k| = |⟨g, e_k⟩| for each direction. */
  readonly alphas: readonly number[];
  /** |α_k| / ‖g‖₂: the share of the gradient along each direction. */
  readonly shares: readonly number[];
  /** ‖Δθ‖₂ of the step before the correction of the update. (The paper's code logs it after, in two of its modes.) */
  readonly updateNorm: number;
  /** |⟨Δθ, e_k⟩| / ‖Δθ‖₂ of the same step. */
  readonly updateShares: readonly number[];
}

/** What is known of a step on the host. */
export type StepSettings = Pick<StepRecord, 'step' | 'gamma' | 'learningRate' | 'age'>;

/** What is known of a step on the device. */
export interface StepMeasurements {
  /** ‖g‖₂ */
  readonly gradientNorm: Tensor;
  /** V g [k] */
  readonly gradientCoordinates: Tensor1D;
  /** ‖Δθ‖₂ */
  readonly updateNorm: Tensor;
  /** V Δθ [k] */
  readonly updateCoordinates: Tensor1D;
}

/**
 * The records of the latest steps. Numbers stay on the device, 2k + 2 floats a step, until they are asked for:
 * recording never waits for the device.
 */
export class StepLog {
  private entries: { settings: StepSettings; k: number; values: Tensor1D | Promise<readonly number[]> }[] =
    [];

  /** @param capacity how many steps to remember; the oldest are forgotten */
  constructor(readonly capacity: number) {}

  /** Notes a step. The tensors stay the caller's. */
  append(settings: StepSettings, of: StepMeasurements): void {
    const scalars = [of.gradientNorm, of.updateNorm].map((norm) => reshape(norm, [1]) as Tensor1D);
    const values = keep(concat([...scalars, of.gradientCoordinates, of.updateCoordinates]));
    this.entries.push({ settings, k: of.gradientCoordinates.size, values });
    if (this.entries.length > this.capacity) release(this.entries.shift()!.values);
  }

  /**
   * Reads the records of the steps up to now, oldest first, and frees what was held on the device. Steps that follow
   * before they have arrived do not disturb them.
   */
  read(): Promise<StepRecord[]> {
    return Promise.all(
      this.entries.map(async (entry) => {
        const { settings, k } = entry;
        if (isOnDevice(entry.values)) {
          entry.values = readOnce(entry.values).then((values) => Array.from(values));
        }
        return toRecord(settings, k, await entry.values);
      }),
    );
  }

  dispose(): void {
    for (const { values } of this.entries) release(values);
    this.entries = [];
  }
}

/** Whether nobody has begun to read the values. Those that are on their way belong to who reads them. */
function isOnDevice(values: Tensor1D | Promise<readonly number[]>): values is Tensor1D {
  return !(values instanceof Promise);
}

function release(values: Tensor1D | Promise<readonly number[]>): void {
  if (isOnDevice(values)) values.dispose();
}

function toRecord(settings: StepSettings, k: number, values: readonly number[]): StepRecord {
  const [gradientNorm, updateNorm] = [values[0]!, values[1]!];
  const alphas = values.slice(2, 2 + k).map(Math.abs);
  const updates = values.slice(2 + k, 2 + 2 * k).map(Math.abs);
  return {
    ...settings,
    gradientNorm,
    alphas,
    shares: alphas.map((alpha) => alpha / gradientNorm),
    updateNorm,
    updateShares: updates.map((alpha) => alpha / updateNorm),
  };
}
