import type { Tensor } from '@tensorflow/tfjs-core';
import type { EngineGradients } from '../tfjs/engine.js';
import { engineInternals } from '../tfjs/engine.js';
import { patchEngine } from '../tfjs/patches.js';
import { Recorder } from './recorder.js';
import { StockTape } from './stock-tape.js';
import { areGradientsExact } from './transforms/exact-gradients.js';

/**
 * Runs `f` so that the gradient that it takes by TensorFlow.js is right: TensorFlow.js's own, to the bit, for a loss that
 * holds no gradient, no op that TensorFlow.js gets wrong, and no tie or pole where it takes another side or none; else
 * the one over our tape. The loss is computed once. Inside another gradient, and where the gradients of TensorFlow.js are replaced
 * already, it changes nothing.
 */
export function withTrustedGradients<T>(f: () => T): T {
  const engine = engineInternals();
  const isReplaced = areGradientsExact() || Object.hasOwn(engine, 'gradients');
  const isPlain = engine.state.gradientDepth === 0 && !isReplaced;
  if (!isPlain) return f();
  const stock = engine.gradients.bind(engine);
  const unpatch = patchEngine({
    // One gradient: what the loss takes itself is seen by the recorder.
    gradients: (loss, xs, dy, allowNoGradients) => {
      const own = (value: Tensor): EngineGradients => stock(() => value, xs, dy, allowNoGradients);
      return Recorder.gradients(loss, xs, dy, allowNoGradients, { tape: new StockTape(), gradients: own });
    },
  });
  try {
    return f();
  } finally {
    unpatch();
  }
}
