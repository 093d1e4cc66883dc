import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/* The members of models of tfjs-layers (4.22) that this package relies on and their types keep private. */

/** A loss as tfjs-layers keeps it: of target and prediction, one number for each example, or one in all. */
export type CompiledLoss = (yTrue: Tensor, yPred: Tensor) => Tensor;

interface ModelInternals {
  /** In a Sequential, the functional model that `fit` trains, once it is built. */
  readonly model?: LayersModel;
  /** The losses that a model was compiled with, as they were given. */
  readonly loss?: unknown;
  /** The losses that a model was compiled with, one per output. */
  readonly lossFunctions?: CompiledLoss[];
  /** The terms of the regularisers. */
  calculateLosses(): Tensor[];
}

function internals(model: LayersModel): ModelInternals {
  return model as unknown as ModelInternals;
}

/** The functional model inside of a Sequential; undefined before it is built. */
export function wrappedModel(sequential: LayersModel): LayersModel | undefined {
  return internals(sequential).model;
}

/** What a model was compiled with as its loss; undefined before. */
export function givenLoss(model: LayersModel): unknown {
  return internals(model).loss;
}

/** The losses that a model was compiled with, one per output; undefined before. */
export function compiledLosses(model: LayersModel): CompiledLoss[] | undefined {
  const { lossFunctions, model: wrapped } = internals(model);
  // A Sequential keeps them in the functional model that it wraps.
  return lossFunctions ?? (wrapped && internals(wrapped).lossFunctions);
}

/** The terms of a functional model's regularisers. */
export function regularisationTerms(model: LayersModel): Tensor[] {
  return internals(model).calculateLosses();
}
