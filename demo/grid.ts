/** A grid over a square of the plane around 0: `side` points along either side, which reach from −reach to reach. */
export interface Grid {
  readonly side: number;
  readonly reach: number;
}

/** Where nets are asked what they make of the plane: all points of every set, and a little more. */
export const grid: Grid = { side: 40, reach: 1.9 };
