/** A grid over a square of the plane around 0. */
export interface Grid {
  /** Points along either side. */
  readonly side: number;
  /** Half of what it covers. */
  readonly reach: number;
}

/** Where the nets of the story are asked for their opinion: all of the two moons, and a little more. */
export const grid: Grid = { side: 40, reach: 1.9 };
