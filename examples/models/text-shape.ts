/** What a model of texts is built for. */
export interface TextShape {
  /** Words of a text. */
  readonly length: number;
  /** Numbers that stand for words. */
  readonly vocabulary: number;
  readonly classes: number;
  /** Seed of the initial weights. */
  readonly seed: number;
}
