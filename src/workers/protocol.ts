import type { DataType } from '@tensorflow/tfjs-core';

/*
 * What the host of a sharded operator and its workers say to each other. Everything is plain data and typed arrays,
 * so that it passes through postMessage between threads and could pass through a socket between machines.
 */

/** A tensor on its way. */
export interface PackedTensor {
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** The model and its loss: the same for all workers. */
export interface ModelMessage {
  /** What `model.toJSON(null, false)` gives. */
  readonly topology: object;
  /** All weights in the order of `model.getWeights()`. */
  readonly weights: readonly PackedTensor[];
  /** Names of the losses, as `model.compile` takes them, one per output in the order of `model.outputNames`. */
  readonly losses: readonly string[];
  /** Examples differentiated at once. */
  readonly batchSize: number;
  /** Whether layers run as in training. */
  readonly training: boolean;
}

/** Some of the examples. */
export interface ShardMessage {
  readonly id: number;
  /** One per input of the model, in the order of `model.inputNames`. */
  readonly xs: readonly PackedTensor[];
  /** One per output. */
  readonly ys: readonly PackedTensor[];
  /** Factor on the loss of each example; null: 1. */
  readonly sampleWeight: PackedTensor | null;
  /** Its share in the whole: examples of the shard by examples of all. */
  readonly weight: number;
}

/** An answer. What the model or the loss does wrong is told; only a worker that is gone gives no answer. */
export type Reply<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** Whether the worker has no model: it is another than the one that was given it, started in its place. */
      readonly isBlank: boolean;
      readonly message: string;
    };

/** What a worker does. One model at a time, any number of shards. */
export interface ShardService {
  /** Builds the model, in place of one loaded before; answers n, the number of parameters. */
  loadModel(message: ModelMessage): Promise<Reply<number>>;
  /** Takes up a shard beside those it has. */
  loadShard(message: ShardMessage): Promise<Reply<null>>;
  /** θ for model and products to come, n numbers. */
  setParameters(theta: Float32Array): Promise<Reply<null>>;
  /** Σ weight · H_shard v over the shards named, n numbers. */
  product(shards: readonly number[], v: Float32Array): Promise<Reply<Float32Array>>;
  /** Releases model, shards and tapes. */
  dispose(): Promise<Reply<null>>;
}
