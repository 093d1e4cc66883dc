/** What a model is built for. */
export interface ModelShape {
  /** [height, width, channels] of an image. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Seed of the initial weights. */
  readonly seed: number;
}

/** How wide a model is, as shares of the widths of the paper's. */
export interface ModelWidths {
  /** Of the filters of convolutions. */
  readonly filters: number;
  /** Of the units of hidden dense layers. */
  readonly hidden: number;
}

/** The paper's own widths. */
export const fullWidths: ModelWidths = { filters: 1, hidden: 1 };

/** A share of a number of filters or units: a whole number, at least 1. */
export function shareOf(full: number, share: number): number {
  return Math.max(1, Math.round(full * share));
}
