import { CustomCallback } from '@tensorflow/tfjs-layers';
import { letPlainHooksStandBeside } from '../tfjs/patches.js';

/** What to do when, in training. */
export interface TrainingHooks {
  onTrainBegin?(): void | Promise<void>;
  onEpochBegin?(epoch: number): void | Promise<void>;
  onBatchBegin?(batch: number): void | Promise<void>;
  onBatchEnd?(batch: number): void | Promise<void>;
  onEpochEnd?(epoch: number, logs?: Record<string, unknown>): void | Promise<void>;
}

type Hook = (at?: unknown, logs?: unknown) => void | Promise<void>;

const hookNames = [
  'onTrainBegin',
  'onTrainEnd',
  'onEpochBegin',
  'onEpochEnd',
  'onBatchBegin',
  'onBatchEnd',
] as const;

/**
 * Hooks as a callback that stands alone or in a list with any others: with objects of a class, `tf.callbacks.earlyStopping`
 * or tensorBoard, wherever they stand, and with plain hooks.
 *
 * TensorFlow.js takes a list by its first entry: for one of objects of its class, or for one of plain hooks, whose
 * functions it picks out. This callback is an object of the class, and its functions stay bound to it. In a hand-written
 * loop call them yourself: a hook runs when it is called, and what it returns is to be awaited.
 */
export function trainingCallback(hooks: TrainingHooks): CustomCallback {
  letPlainHooksStandBeside();
  const callback = new CustomCallback({});
  const setParams = callback.setParams.bind(callback);
  let isInFit = false;
  callback.setParams = (params) => {
    isInFit = true;
    setParams(params);
  };
  for (const name of hookNames) {
    const hook = (hooks as Partial<Record<string, Hook>>)[name];
    // What a CustomCallback does of itself: gives way to the page, at most every 125 ms.
    const giveWay = callback[name].bind(callback) as Hook;
    const own: Hook = async (at, logs) => {
      await hook?.(at, logs);
      if (isInFit) await giveWay(at, logs);
      if (name === 'onTrainEnd') isInFit = false;
    };
    Object.defineProperty(callback, name, { value: own });
  }
  return callback;
}
