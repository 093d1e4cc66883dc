import type { serialization } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { NSGD } from './nsgd.js';

/** What is needed of a copy of TensorFlow.js. */
interface TensorFlow {
  readonly serialization: Pick<typeof serialization, 'registerClass'>;
}

/**
 * Makes a copy of TensorFlow.js able to load models that were saved with an NSGD. Importing this package does so
 * for the copy it uses itself; another one beside it has a registry of its own.
 *
 * @param tf the copy, or its `serialization` alone as `{ serialization }`
 * @throws CurvatureArgumentError for what has no registry of classes
 *
 * @example
 * registerNSGD(tf);
 */
export function registerNSGD(tf: TensorFlow): void {
  registerIn(tf, 'registerNSGD');
}

/**
 * The former name of {@link registerNSGD}.
 *
 * @param tf see {@link registerNSGD}
 * @deprecated
 */
export function register(tf: TensorFlow): void {
  registerIn(tf, 'register');
}

function registerIn(tf: TensorFlow, where: string): void {
  const isTensorFlow = typeof tf?.serialization?.registerClass === 'function';
  requireArgument(isTensorFlow, where, 'a copy of TensorFlow.js', tf);
  tf.serialization.registerClass(NSGD);
}
