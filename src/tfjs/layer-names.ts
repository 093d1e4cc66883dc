/** Names of the layers that are running, outermost first. */
const running: string[] = [];

/** The layer that is running now, or whose operation is being differentiated. */
export function currentLayer(): string | null {
  return running.at(-1) ?? null;
}

/** Runs `f` on behalf of a layer. */
export function onBehalfOf<T>(layer: string | null, f: () => T): T {
  if (layer == null) return f();
  running.push(layer);
  try {
    return f();
  } finally {
    running.pop();
  }
}
