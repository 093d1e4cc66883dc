import type { Tensor } from '@tensorflow/tfjs-core';
import { engine, Variable } from '@tensorflow/tfjs-core';
import { CallbackList, CustomCallback, layers } from '@tensorflow/tfjs-layers';
import type { EngineInternals } from './engine.js';
import { aliasTensor } from './engine.js';
import { onBehalfOf } from './layer-names.js';

/*
 * Everything of TensorFlow.js, and of JavaScript, that is replaced for a while, each with what takes it back. Two are not
 * here: `registerChainedOps`, which the user asks for, and the states of recurrent layers, which belong to one model.
 */

type Members = Record<PropertyKey, unknown>;

/** What stands in for a member of the engine now; undefined while nothing does. */
interface Replacement {
  value: unknown;
}

/** Under this name the engine carries the replacements of its members, by whichever copy of this package. */
const replacements: unique symbol = Symbol.for('tfjs-curvature.replacements') as never;

/**
 * Replaces members of the engine. They are looked up in a layer that is put between the engine and its class once and
 * for all: TensorFlow.js asks the engine for each kernel, and all that was compiled for an engine is lost with each change
 * of its form.
 *
 * @returns a function that puts back what was there before; to be called in reverse order
 */
export function patchEngine(patches: Partial<EngineInternals> | Record<symbol, unknown>): () => void {
  const members = engine() as unknown as Members;
  const undo: (() => void)[] = [];
  for (const key of Reflect.ownKeys(patches)) {
    // Who replaced a member by an own one is in the way of the layer.
    const isOwn = Object.hasOwn(members, key);
    const target = isOwn ? members : replacementOf(members, key);
    const place = isOwn ? key : 'value';
    const before = target[place];
    target[place] = (patches as Members)[key];
    undo.push(() => {
      target[place] = before;
    });
  }
  return () => {
    for (const restore of undo.reverse()) restore();
  };
}

/** The place of what stands in for a member; made at the first call. */
function replacementOf(members: Members, key: PropertyKey): Members {
  const layer = layerOf(members);
  const all = layer[replacements] as Map<PropertyKey, Replacement>;
  let replacement = all.get(key);
  if (replacement == null) {
    replacement = { value: undefined };
    all.set(key, replacement);
    addMember(layer, key, replacement);
  }
  return replacement as unknown as Members;
}

/** Makes a layer show what stands in for a member, or the member. Who assigns to it makes it an own one, as ever. */
function addMember(layer: Members, key: PropertyKey, replacement: Replacement): void {
  const beneath = Object.getPrototypeOf(layer) as Members;
  Object.defineProperty(layer, key, {
    configurable: true,
    get: () => replacement.value ?? beneath[key],
    set(this: Members, value: unknown) {
      Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
    },
  });
}

/** The layer between the engine and its class; put there at the first call. */
function layerOf(members: Members): Members {
  const beneath = Object.getPrototypeOf(members) as Members;
  if (Object.hasOwn(beneath, replacements)) return beneath;
  const layer = Object.create(beneath, { [replacements]: { value: new Map() } }) as Members;
  Object.setPrototypeOf(members, layer);
  return layer;
}

/** Replaces methods of an object. Returns what puts them back. */
function patchMethods<T extends object>(target: T, methods: Partial<T>): () => void {
  const before = Object.fromEntries(Object.keys(methods).map((name) => [name, target[name as keyof T]]));
  Object.assign(target, methods);
  return () => void Object.assign(target, before);
}

/** Makes every layer announce itself while it runs, so that errors can name it. Returns what takes this back. */
export function announceLayers(): () => void {
  const prototype = layers.Layer.prototype as { apply: (...args: unknown[]) => unknown };
  const { apply } = prototype;
  return patchMethods(prototype, {
    apply(this: { name: string }, ...args) {
      return onBehalfOf(this.name, () => apply.apply(this, args));
    },
  });
}

/**
 * Runs `f` so that nothing of the user's moves and the result depends on the variables alone:
 *
 * - what `f` assigns to variables (moving averages, the vectors of a spectral norm) holds within `f`; afterwards they have
 *   their values again, bit for bit;
 * - `Math.random`, which TensorFlow.js seeds dropout and noise from, replays one fixed sequence, and its own
 *   sequence is not advanced.
 */
export function withoutSideEffects<T>(f: () => T): T {
  const prototype = Variable.prototype as { assign: (this: Variable, value: Tensor) => void };
  const { assign } = prototype;
  const before = new Map<Variable, Tensor>();
  const undo = [
    patchMethods(prototype, {
      assign(value) {
        if (!before.has(this) && !this.isDisposed) before.set(this, aliasTensor(this));
        assign.call(this, value);
      },
    }),
    patchMethods(Math as { random: () => number }, { random: weylSequence() }),
  ];
  try {
    return f();
  } finally {
    for (const restore of undo) restore();
    for (const [variable, value] of before) {
      if (!variable.isDisposed) assign.call(variable, value);
      value.dispose();
    }
  }
}

/** Equidistributed numbers in [0, 1), enough to seed generators: fractional parts of multiples of 1/φ. */
function weylSequence(): () => number {
  const step = (Math.sqrt(5) - 1) / 2;
  let state = 0;
  return () => (state = (state + step) % 1);
}

/** A weight that a layer has made. */
export type LayerWeight = Pick<Variable, 'dispose'>;

type AddWeight = (this: unknown, name: string, shape: number[], ...rest: unknown[]) => LayerWeight;

/**
 * Runs `build`, whose part that makes layers is synchronous, so that nobody else's layers are met.
 *
 * @param before called with the shape of each weight that a layer is about to make; may throw
 * @param after called with each weight made
 */
export function watchingWeights<T>(
  before: (shape: readonly number[]) => void,
  after: (weight: LayerWeight) => void,
  build: () => T,
): T {
  const prototype = layers.Layer.prototype as unknown as { addWeight: AddWeight };
  const { addWeight } = prototype;
  const restore = patchMethods(prototype, {
    addWeight(name, shape, ...rest) {
      before(shape);
      const weight = addWeight.call(this, name, shape, ...rest);
      after(weight);
      return weight;
    },
  });
  try {
    return build();
  } finally {
    restore();
  }
}

const mixedCallbacks = Symbol.for('tfjs-curvature.mixed-callbacks');

/**
 * Lets plain hooks stand behind an object of the class in a list of callbacks, where TensorFlow.js calls methods on them
 * that they do not have (`callback.setParams is not a function`). What works without is left as it is. It stays: nothing
 * tells when the last list with a callback of ours has been used.
 */
export function letPlainHooksStandBeside(): void {
  const prototype = CallbackList.prototype as CallbackList & { [mixedCallbacks]?: boolean };
  if (prototype[mixedCallbacks] === true) return;
  prototype[mixedCallbacks] = true;
  const setParams = Reflect.get(prototype, 'setParams') as (this: CallbackList, params: object) => void;
  prototype.setParams = function (this: CallbackList, params): void {
    this.callbacks = this.callbacks.map((one) =>
      typeof one.setParams === 'function' ? one : new CustomCallback(one as object),
    );
    setParams.call(this, params);
  };
}
