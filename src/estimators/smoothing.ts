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
/** A width so small that its grid would be finer is below what a picture or an integral shows: it is raised. */
const MOST_POINTS = 2 ** 20;
/** A narrower Gaussian, as a part of the unit, falls between the places that a grid in double precision has. */
const NARROWEST = 2 ** -30;
/** So many widths from its node a Gaussian is 0 in double precision. */
const REACH = 39;
/** Nodes closer than this part of the unit of their axis are one, which float32 products leave spread. */
const RESOLUTION = 1e-6;

/** Where the nodes of some distributions stand on an axis. */
export interface Axis {
  readonly probes: readonly GaussQuadrature[];
  /** Their places, a list for each distribution. */
  readonly places: readonly Float64Array[];
  /** The range to draw where there is one node only, and what rounding is relative to. */
  readonly unit: number;
}

/** λ as it is; its size is the unit. */
export function linearAxis(probes: readonly GaussQuadrature[]): Axis {
  const places = probes.map(({ nodes }) => nodes);
  const largest = places.reduce((most, list) => list.reduce((m, x) => Math.max(m, Math.abs(x)), most), 0);
  return { probes, places, unit: largest > 0 ? largest : 1 };
}

/** log10(|λ| + epsilon); the unit is a decade. */
export function logarithmicAxis(probes: readonly GaussQuadrature[], epsilon: number): Axis {
  const places = probes.map(({ nodes }) => nodes.map((node) => Math.log10(Math.abs(node) + epsilon)));
  return { probes, places, unit: 1 };
}

/**
 * The mean over some distributions of Σ w_j N(t; x_j, σ²) on an even grid, and its spread over them.
 *
 * @param axis the distributions, with the places x_j of their nodes
 * @param gridSize points at least; more where the width asks for them
 * @param sigma width, raised to what the grid can show; default 1 % of the range of the places
 */
export function smooth({ probes, places, unit }: Axis, gridSize: number, sigma?: number): Smoothed {
  let [low, high] = [Infinity, -Infinity];
  for (const place of places.flatMap((list) => Array.from(list))) {
    low = Math.min(low, place);
    high = Math.max(high, place);
  }
  if (probes.length === 0) [low, high] = [0, 0];
  const range = high - low > RESOLUTION * unit ? high - low : unit;
  const least = (POINTS * (high - low)) / (MOST_POINTS - 1 - 2 * MARGIN * POINTS);
  const width = Math.max(sigma ?? DEFAULT_WIDTH * range, least, NARROWEST * unit);
  const [first, last] = [low - MARGIN * width, high + MARGIN * width];
  const size = Math.max(gridSize, Math.min(MOST_POINTS, Math.ceil((POINTS * (last - first)) / width) + 1));
  const grid = Float64Array.from({ length: size }, (_, i) => first + ((last - first) * i) / (size - 1));
  const height = 1 / (width * Math.sqrt(2 * Math.PI));
  const curves = probes.map(({ weights }, p) => {
    const curve = new Float64Array(size);
    const at = (place: number): number => ((place - first) / (last - first)) * (size - 1);
    weights.forEach((weight, j) => {
      const place = places[p]![j]!;
      const from = Math.max(0, Math.floor(at(place - REACH * width)));
      const to = Math.min(size - 1, Math.ceil(at(place + REACH * width)));
      for (let i = from; i <= to; i++) {
        const z = (grid[i]! - place) / width;
        curve[i]! += weight * height * Math.exp(-0.5 * z * z);
      }
    });
    return curve;
  });
  const density = grid.map(
    (_, i) => curves.reduce((sum, curve) => sum + curve[i]!, 0) / (curves.length || 1),
  );
  const spread = grid.map((_, i) => {
    const squares = curves.reduce((sum, curve) => sum + (curve[i]! - density[i]!) ** 2, 0);
    return Math.sqrt(squares / Math.max(1, curves.length - 1));
  });
  return { grid, density, spread, sigma: width };
}
