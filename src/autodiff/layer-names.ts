import { layers } from '@tensorflow/tfjs-layers';

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

/**
 * Makes every tfjs layer announce itself while it runs, so that errors can name it.
 *
 * @returns a function that takes this back
 */
export function trackLayers(): () => void {
  const prototype = layers.Layer.prototype as { apply: (...args: unknown[]) => unknown };
  const apply = prototype.apply;
  prototype.apply = function (this: { name: string }, ...args: unknown[]): unknown {
    return onBehalfOf(this.name, () => apply.apply(this, args));
  };
  return () => {
    prototype.apply = apply;
  };
}
