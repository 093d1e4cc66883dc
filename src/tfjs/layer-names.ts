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

/** How many recordings want to know which layer runs. */
let listeners = 0;
let isInstalled = false;

/**
 * Makes every tfjs layer announce itself while it runs, so that errors can name it.
 *
 * @returns a function that takes this back
 */
export function trackLayers(): () => void {
  if (!isInstalled) installAnnouncements();
  listeners++;
  return () => {
    listeners--;
  };
}

/**
 * Once and for all: with each change of a class, all is lost that was compiled for its layers. Layers that nobody
 * listens to run as they did.
 */
function installAnnouncements(): void {
  isInstalled = true;
  const prototype = layers.Layer.prototype as { apply: (...args: unknown[]) => unknown };
  const { apply } = prototype;
  prototype.apply = function (this: { name: string }, ...args: unknown[]): unknown {
    return listeners === 0 ? apply.apply(this, args) : onBehalfOf(this.name, () => apply.apply(this, args));
  };
}
