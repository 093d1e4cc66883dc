import type { Tensor } from '@tensorflow/tfjs-core';
import { aliasTensor, engineInternals, inCharge } from '../tfjs/engine.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';

/** Adjoints of results, by their values. */
export type Seeds = readonly (readonly [ValueId, Tensor])[];

/** What can be swept backwards: see `Sweep`. */
export interface Sweepable {
  run(seeds: Seeds): (Tensor | null)[];
}

/** What others need of the recorder that is in charge of the engine. */
export interface TapeInCharge {
  /** Whether operations are recorded now: not inside a kernel, nor after the recording has ended. */
  readonly isRecording: boolean;
  /** Whether the recording has not ended. */
  readonly isOpen: boolean;
  /** A second reference to a tensor that counts as the same value; kept. */
  alias(tensor: Tensor): Tensor;
  /** The identity of a tensor's value. */
  idOf(tensor: Tensor): ValueId;
  /** From now on the value of a tensor counts as depending on a source. */
  track(tensor: Tensor): void;
  /** The present values of some tensors as sources of a sweep. */
  sourcesOf(tensors: readonly Tensor[]): TapeValue[];
  /** y = f() with the nodes that lead to it. */
  evaluate(f: () => Tensor): { readonly value: Tensor; readonly nodes: readonly TapeNode[] };
  /** The nodes recorded while `f` ran. */
  nodesOf(f: () => void): readonly TapeNode[];
  /** Runs a sweep with what it computes recorded. The engine's scope owns the adjoints. */
  sweep(sweep: Sweepable, seeds: Seeds): (Tensor | null)[];
  /** The results, those that no derivative leads to as values that depend on `on` all the same. */
  noteConstant<T extends Tensor | null>(results: readonly T[], on: readonly Tensor[]): (Tensor | T)[];
  /** Runs the pullback of a node; what it reads on the host is known to hide a dependence. */
  pullBack(node: TapeNode, pullBack: () => Tensor[]): Tensor[];
}

/** The recorder that is in charge of the engine; null if there is none. */
export function tapeInCharge(): TapeInCharge | null {
  return (engineInternals() as unknown as { [inCharge]?: TapeInCharge })[inCharge] ?? null;
}

/** A second reference to a tensor, the same value to whoever records. Kept: the caller disposes it. */
export function secondReference(tensor: Tensor): Tensor {
  return tapeInCharge()?.alias(tensor) ?? aliasTensor(tensor);
}
