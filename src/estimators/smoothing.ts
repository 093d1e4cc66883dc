/** A discrete distribution: nodes with weights that sum to 1. */
export interface GaussQuadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** A distribution smoothed onto a grid. */
export interface Smoothed {
  readonly grid: Float64Array;
  readonly density: Float64Array;
  readonly spread: Float64Array;
  readonly sigma: number;
}

/** Part of the range that one Gaussian is wide by default. */
const DEFAULT_WIDTH = 0.01;
/** The grid goes that many widths beyond the outermost nodes: what lies beyond is less than 1e-6 of a Gaussian. */
const MARGIN = 5;
/** Points of the grid for each width: the trapezoidal rule is exact to 1e-9 there. */
const POINTS = 4;

/**
 * The mean over some distributions of Σ w_j N(t; f(x_j), σ²) on an even grid, and its spread over them.
 *
 * @param probes discrete distributions
 * @param transform f, what the axis shows of a node
 * @param gridSize points at least; more where the width asks for them
 * @param sigma width; default 1 % of the range of the nodes
 */
export function smooth(
  probes: readonly GaussQuadrature[],
  transform: (node: number) => number,
  gridSize: number,
  sigma?: number,
): Smoothed {
  const nodes = probes.map((probe) => probe.nodes.map(transform));
  let low = Infinity;
  let high = -Infinity;
  for (const node of nodes.flatMap((list) => Array.from(list))) {
    low = Math.min(low, node);
    high = Math.max(high, node);
  }
  if (probes.length === 0) [low, high] = [0, 0];
  // One eigenvalue only: any width shows it; take one that its magnitude suggests.
  const range = high > low ? high - low : Math.max(Math.abs(high), 1e-6);
  const width = sigma ?? DEFAULT_WIDTH * range;
  const [first, last] = [low - MARGIN * width, high + MARGIN * width];
  const size = Math.max(gridSize, Math.ceil((POINTS * (last - first)) / width) + 1);
  const grid = Float64Array.from({ length: size }, (_, i) => first + ((last - first) * i) / (size - 1));
  const curves = probes.map((probe, p) =>
    grid.map((t) => {
      let sum = 0;
      for (let j = 0; j < probe.weights.length; j++) {
        const z = (t - nodes[p]![j]!) / width;
        sum += probe.weights[j]! * Math.exp(-0.5 * z * z);
      }
      return sum / (width * Math.sqrt(2 * Math.PI));
    }),
  );
  const density = grid.map(
    (_, i) => curves.reduce((sum, curve) => sum + curve[i]!, 0) / (curves.length || 1),
  );
  const spread = grid.map((_, i) => {
    const squares = curves.reduce((sum, curve) => sum + (curve[i]! - density[i]!) ** 2, 0);
    return Math.sqrt(squares / Math.max(1, curves.length - 1));
  });
  return { grid, density, spread, sigma: width };
}
