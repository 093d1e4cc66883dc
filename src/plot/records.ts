// What the charts are drawn from: the least each needs of the plain records that callbacks and analyses return.

/** A measurement during training. Records that lack what a chart shows, or have null for it, are left out of it. */
export interface TrainingRecord {
  /** Optimizer steps taken so far. */
  readonly step: number;
  readonly loss?: number | null;
  readonly accuracy?: number | null;
  /** Largest algebraic eigenvalue λ₁ of the Hessian. */
  readonly sharpness?: number | null;
  /** λ₁ ≥ λ₂ ≥ …, as many as were measured. */
  readonly eigenvalues?: ArrayLike<number | null>;
}

/** The records of one training run. */
export interface TrainingRun {
  /** Tells the run from the others, e.g. `SGD` or `NSGD γ = 0.01`. */
  readonly name: string;
  readonly records: readonly TrainingRecord[];
  /** η. With it, the sharpness chart shows 2/η, above which a step along e₁ overshoots on a quadratic. */
  readonly learningRate?: number;
}

/** An estimate of the density of a spectrum. */
export interface SpectralDensityRecord {
  /** Where the density is given, ascending: λ, or log₁₀(|λ| + epsilon) on the scale 'log'. */
  readonly grid: ArrayLike<number>;
  /** Share of the eigenvalues per unit of the grid, at each point of it. */
  readonly density: ArrayLike<number>;
  /** What the grid holds. Default 'linear'. */
  readonly scale?: 'linear' | 'log';
  /** What the scale 'log' adds to |λ|. Default 0. */
  readonly epsilon?: number;
}

/** The loss along one direction through the present parameters. */
export interface CrossSectionRecord {
  /** What the direction is called, e.g. `e₁`. */
  readonly direction: string;
  /** Signed distances from the present parameters, in units of the step length. */
  readonly offsets: ArrayLike<number>;
  /** The loss at each offset. */
  readonly losses: ArrayLike<number>;
}

/** What a step of `alpha` times the optimizer's own length along one direction does to the loss. */
export interface StepDecompositionRecord {
  /** What the direction is called, e.g. `e₁`, `random` or `full step`. */
  readonly direction: string;
  /** Length of the step, in units of the optimizer's own step. */
  readonly alpha: number;
  /** Change of the loss in percent of the loss before; negative where the step lowers it. */
  readonly lossChange: number;
  /** Standard deviation of `lossChange` over minibatches, in percent. */
  readonly standardDeviation?: number;
}

/** How far gradients point along one direction. */
export interface AlignmentRecord {
  /** What the direction is called, e.g. `e₁`. */
  readonly direction: string;
  /** Which gradients, e.g. `minibatch` or `full batch`. */
  readonly gradient?: string;
  /** Mean of |cos(g, e)| over the gradients. */
  readonly meanAbsCosine: number;
  /** Standard deviation of |cos(g, e)|. */
  readonly standardDeviation?: number;
}

/** The loss on a plane of parameter space. */
export interface LossSurfaceRecord {
  /** Coordinates along the first axis, ascending and equally spaced. */
  readonly xs: ArrayLike<number>;
  /** The same along the second. */
  readonly ys: ArrayLike<number>;
  /** A row for each y, in it a loss for each x. */
  readonly losses: readonly ArrayLike<number>[];
  /** Points to mark. */
  readonly points?: readonly { readonly x: number; readonly y: number; readonly loss: number }[];
  /** λ₁ ≥ λ₂ where the axes are e₁ and e₂. */
  readonly eigenvalues?: ArrayLike<number> | null;
}
