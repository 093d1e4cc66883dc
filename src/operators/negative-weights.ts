import { min, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { OutputSplit } from '../objectives/output-split.js';
import { synchronousRead } from '../tfjs/capabilities.js';

/**
 * Throws for weights of examples below 0 or NaN, with which a second moment of gradients has no root and is no matrix without
 * negative eigenvalues. Where numbers are not read at once for nothing they are not looked at.
 */
export function requireNotNegative(split: OutputSplit, where: string): void {
  if (synchronousRead() !== 'free') return;
  const least = tidy(() =>
    split.likelihoods.map((_, output) => {
      const weights = split.weights(output);
      return weights == null ? 0 : min(weights).dataSync()[0]!;
    }),
  );
  const areRight = least.every((weight) => weight >= 0);
  requireThat(areRight, where, 'sample and class weights >= 0', 'a weight below 0 or NaN');
}
