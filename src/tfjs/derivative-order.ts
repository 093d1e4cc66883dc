let pullbacks = 0;

/** How many gradients deep the computation is that runs now: 0 for a function itself, 1 for its gradient, … */
export function gradientsDeep(): number {
  return pullbacks;
}

/** Runs the pullback of a node that was recorded while a derivative of order `order` − 1 was computed. */
export function atOrder<T>(order: number, f: () => T): T {
  const outer = pullbacks;
  pullbacks = order;
  try {
    return f();
  } finally {
    pullbacks = outer;
  }
}
