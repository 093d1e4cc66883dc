import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { requireThat } from '../../errors.js';
import type { EngineInternals } from '../../tfjs/engine.js';
import { engineInternals } from '../../tfjs/engine.js';
import { patchEngine } from '../../tfjs/patches.js';
import { Recorder } from '../recorder.js';

/** Under this name the engine carries what is registered, by whichever copies of this package. */
const registered: unique symbol = Symbol.for('tfjs-curvature.exactGradients') as never;

interface Registration {
  /** How many copies of this package have registered. */
  copies: number;
  /** How many gradients are being taken now. */
  running: number;
  readonly gradients: EngineInternals['gradients'];
  /** What the engine did before. */
  readonly before: EngineInternals['gradients'];
  unpatch: () => void;
}

type RegisteredEngine = EngineInternals & { [registered]?: Registration };

/** What takes back the registration of this copy of the package, while there is one. */
let undo: (() => void) | null = null;

/**
 * From now on every gradient on this copy of TensorFlow.js goes over the tape of this package: `tf.grad` and its kin,
 * `tf.variableGrads`, `optimizer.minimize` of any optimizer, and `model.fit`.
 *
 * That makes losses trainable that contain derivatives themselves, of any order: gradient penalties, residuals of
 * differential equations, forces from an energy. It also cures what TensorFlow.js gets wrong at first order (see
 * `docs/ops.md`). What TensorFlow.js differentiates right goes on working, the bodies of `tf.customGrad` that read values
 * on the host included; only a further derivative through those throws. Time and memory are about those of
 * TensorFlow.js's own gradients (see `docs/benchmarks.md`).
 *
 * `tf.grad` knows what it differentiates by as a tensor, also where the function reaches it by closure; {@link grad}
 * knows it as the argument.
 *
 * @returns a function that takes this back: the same one while it is registered, harmless when repeated. With several
 *   copies of this package, each registers for itself, and TensorFlow.js's own gradients come back with the last undo.
 *   The undo throws, and leaves what it finds, where somebody else has replaced `engine().gradients` meanwhile
 * @throws CurvatureArgumentError inside a running gradient; so does the undo
 *
 * @example
 * const undo = registerExactGradients();
 * const slope = tf.grad(tf.grad((x) => tf.tanh(x)))(tf.scalar(0.5)); // −2 t (1 − t²), t = tanh 0.5
 * slope.print();
 * undo();
 */
export function registerExactGradients(): () => void {
  requireNoGradient('registerExactGradients');
  if (undo != null) return undo;
  const registration = register();
  registration.copies++;
  const own = (): void => {
    if (undo !== own) return;
    requireNoGradient('registerExactGradients undo');
    if (registration.copies === 1) unregister(registration);
    registration.copies--;
    undo = null;
  };
  undo = own;
  return own;
}

/** Whether gradients go over our tape now, by whichever copy of this package. */
export function areGradientsExact(): boolean {
  return (engineInternals() as RegisteredEngine)[registered] != null;
}

/** The registration that is there, or a new one. */
function register(): Registration {
  const engine = engineInternals() as RegisteredEngine;
  const present = engine[registered];
  if (present != null) return present;
  const gradients: EngineInternals['gradients'] = (f, xs, dy, allowNoGradients) => {
    requireStockArguments(xs, dy);
    registration.running++;
    try {
      return Recorder.gradients(f, xs, dy, allowNoGradients);
    } finally {
      registration.running--;
    }
  };
  const before = engine.gradients;
  const registration: Registration = { copies: 0, running: 0, gradients, before, unpatch: () => undefined };
  registration.unpatch = patchEngine({ gradients, [registered]: registration });
  return registration;
}

function unregister({ gradients, before, unpatch }: Registration): void {
  const engine = engineInternals() as RegisteredEngine;
  const isOurs = engine.gradients === gradients || engine.gradients === before;
  requireThat(
    isOurs,
    'registerExactGradients undo',
    'to be called before others replace engine().gradients, or after they have put it back',
    'a replacement that is not ours, which was left in place',
  );
  unpatch();
  // Who put it back has made it an own member.
  if (Object.hasOwn(engine, 'gradients') && engine.gradients === gradients) {
    delete (engine as Partial<RegisteredEngine>).gradients;
  }
}

function requireNoGradient(where: string): void {
  const engine = engineInternals() as RegisteredEngine;
  const isIdle = engine.state.gradientDepth === 0 && (engine[registered]?.running ?? 0) === 0;
  requireThat(isIdle, where, 'to be called outside of a running gradient', 'a call inside one');
}

/** What `engine.gradients` itself requires, in its own words. */
function requireStockArguments(xs: readonly Tensor[], dy: Tensor | null | undefined): void {
  util.assert(xs.length > 0, () => 'gradients() received an empty list of xs.');
  if (dy == null || dy.dtype === 'float32') return;
  throw new Error(`dy must have 'float32' dtype, but has '${dy.dtype}'`);
}
