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
  readonly version: number;
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

/** Which messages there are. A host and a worker of different versions refuse each other. */
export const PROTOCOL_VERSION = 2;

/** What a worker says of the model it has built. */
export interface ModelReply {
  readonly version: number;
  /** n, the number of parameters. */
  readonly size: number;
}

/** The loss of a shard, unweighted, and its gradient, n numbers. */
export interface ShardGradient {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/** What a worker does. One model at a time, any number of shards. */
export interface ShardService {
  /** Builds the model, in place of one loaded before. */
  loadModel(message: ModelMessage): Promise<Reply<ModelReply>>;
  /** Takes up a shard beside those it has. */
  loadShard(message: ShardMessage): Promise<Reply<null>>;
  /** Releases shards. */
  dropShard(shards: readonly number[]): Promise<Reply<null>>;
  /** θ for model and products to come, n numbers. */
  setParameters(theta: Float32Array): Promise<Reply<null>>;
  /** H_shard v of each shard named, unweighted, n numbers each. */
  product(shards: readonly number[], v: Float32Array): Promise<Reply<readonly Float32Array[]>>;
  /** Loss and gradient of each shard named, at θ. */
  gradient(shards: readonly number[]): Promise<Reply<readonly ShardGradient[]>>;
  /** `LinearOperator.magnitude` of H_shard for each shard named, at θ. Left out: not known. */
  magnitude?(shards: readonly number[]): Promise<Reply<readonly number[]>>;
  /** Releases model, shards and tapes. */
  dispose(): Promise<Reply<null>>;
}

/** The names of all that a worker does, one of them if it can. */
export const serviceNames: readonly (keyof ShardService)[] = [
  'loadModel',
  'loadShard',
  'dropShard',
  'setParameters',
  'product',
  'gradient',
  'magnitude',
  'dispose',
];
