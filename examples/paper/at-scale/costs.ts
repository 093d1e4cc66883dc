import type { TrainingRun } from './training-run.js';

// Milliseconds of one core for an example, for the SimpleCNN of the paper on CIFAR-10 and the WASM training kernels,
// measured on a core of a server with other work beside it.

/** A step of SGD. */
export const stepPerExample = 2.2;

/** The loss. */
export const forwardPerExample = 0.7;

/** A Hessian-vector product with a kept tape. */
export const productPerExample = 4;

/** Products of a search for k directions that begins from those of the search before. */
export function productsOf(k: number): number {
  return 10 + 3 * k;
}

/** How many times as long other nets take: ResNet-32 by its multiplications, those of texts by a step that was measured. */
export function relativeCost(model: TrainingRun['model']): number {
  const known: Partial<Record<TrainingRun['model'], number>> = {
    'resnet-32': 4,
    'text-cnn': 3,
    'word-lstm': 4,
  };
  return known[model] ?? 1;
}
