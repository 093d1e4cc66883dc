// How long a piece of work takes compared with others: about milliseconds of one core for the network of `small`. They
// say which units to begin with, and how far a run has come.

/** A step of SGD with S examples. */
export function stepWeight(batchSize: number): number {
  return 6 + batchSize / 10;
}

/** The loss of so many examples. */
export function lossWeight(examples: number): number {
  return 4 + examples / 30;
}

/** A search for the k sharpest directions. */
export function searchWeight(k: number): number {
  return 320 + 110 * k;
}
