import type { SweepEvent } from './sweep-messages.js';

/** A piece of work that one worker does as a whole. */
export interface SweepUnit {
  /** Names it among those of its sweep. */
  readonly id: string;
  /** What the worker is told: plain data and arrays of float32, int32 and uint8. */
  readonly task: unknown;
  /** How long it takes, in any unit: the longest come first. Default 0. */
  readonly weight?: number;
}

/** A unit that came to nothing. */
export interface SweepFailure {
  readonly id: string;
  /** How often it was tried. */
  readonly tries: number;
  /** The worker that tried it last, and what it says. */
  readonly worker: string;
  readonly reason: string;
}

/** What a sweep came to. */
export interface SweepResult {
  /** What each unit came to, by its id, in the order of the units. */
  readonly records: ReadonlyMap<string, unknown>;
  readonly failures: readonly SweepFailure[];
}

/** Settings of `runSweep`. */
export interface SweepOptions {
  /** The name that workers and hosts have agreed on. Default 'workers'. */
  readonly group?: string;
  /**
   * What the sweep is called. A host that is started again with the same name goes on where it was: units with the same id
   * and task are not run twice. Default: a random name.
   */
  readonly name?: string;
  /** After so many tries a unit is given up. A worker that dies at it counts as one. Default 3. */
  readonly tries?: number;
  /**
   * Milliseconds without a word of its worker after which a unit goes to another. It holds for all sweeps of the group, the
   * last one set. Default 30 000.
   */
  readonly leaseMs?: number;
  /** Is given each record once, as it comes. What it throws ends the sweep. */
  readonly onRecord?: (id: string, record: unknown) => void;
  /** Is told how many units have come to an end. What it throws ends the sweep. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Is told what workers tell: some of it may get lost. What it throws ends the sweep. */
  readonly onEvent?: (event: SweepEvent) => void;
  /** Stops the sweep: units that wait are taken out of the queue, what workers are at is finished and kept. */
  readonly signal?: AbortSignal;
}

/** What a unit is run with. */
export interface UnitContext {
  readonly id: string;
  /** What its sweep is called. */
  readonly sweep: string;
  /** Tells that the worker is closing: a unit that then rejects is given back, and does not count as tried. */
  readonly signal: AbortSignal;
  /** Tells the host how far the unit has come, twice a second at most. */
  onProgress(progress: { readonly done: number; readonly total: number }): void;
}

/** Settings of `serveSweeps`. */
export interface ServeSweepsOptions {
  /** The name that workers and hosts have agreed on. Default 'workers'. */
  readonly group?: string;
  /** What the worker is called, in records and events. Default: a random name. */
  readonly name?: string;
  /** Units at a time. Default 1. */
  readonly parallel?: number;
  /** Milliseconds without a unit after which it ends. Default null: it waits for the next sweep. */
  readonly idleMs?: number | null;
  /**
   * Is told of each unit that it takes, and what becomes of it. What it throws stops nothing: `close()` rejects with the first
   * of it.
   */
  readonly onEvent?: (event: SweepEvent) => void;
}
