/** What a model is built for. */
export interface ModelShape {
  /** [height, width, channels] of an image. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Seed of the initial weights. */
  readonly seed: number;
}
