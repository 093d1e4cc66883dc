import type { parameters, WasmFunctions } from '../functions.js';

export type FunctionName = keyof WasmFunctions;
export type ParameterOf<F extends FunctionName> = (typeof parameters)[F][number];

/** What of a call is divided. */
export interface Cut<P extends string> {
  /** The argument that says how much there is. */
  readonly size: P;
  /** Every chunk but the last has a multiple of this. */
  readonly grain: number;
  /** Addresses that move on, with the bytes for one unit of `size`; and places, which move by 1. */
  readonly moves: { readonly [Name in P]?: number };
  /**
   * Where the function sums along what is divided: the address of the sum, its bytes, and whether the function adds to what is
   * there. Chunks have sums of their own, as many for any number of threads, which are added in order.
   */
  readonly sum?: { readonly at: P; readonly bytes: number; readonly adds: boolean };
}

/** How calls of one compiled function, with these parameters, are divided among threads. */
export interface Split<P extends string> {
  /** Multiply–adds, or what takes as long. */
  readonly work: (call: Readonly<Record<P, number>>) => number;
  /** null for a call that is not divided. */
  readonly cut: (call: Readonly<Record<P, number>>) => Cut<P> | null;
  /** Chunks for each thread: several where they take different times, 1 where all they do is read and write memory. */
  readonly chunksPerThread: number;
  /** Addresses of scratch, with the bytes used there. */
  readonly scratch?: (
    call: Readonly<Record<P, number>>,
    functions: WasmFunctions,
  ) => { readonly [Name in P]?: number };
  /** True where some cuts have a {@link Cut.sum}. */
  readonly sums?: true;
}

/** A split of each function that is divided. */
export type Splits = { readonly [F in FunctionName]?: Split<ParameterOf<F>> };
