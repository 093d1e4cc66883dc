import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add, mul, sign, slice, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { number, requireIs } from '../options.js';
import { combination, coordinates, scaleAlong } from '../rows.js';
import type { SeededRandom } from '../random.js';

/**
 * All variants: how each changes a minibatch gradient g, with e the sharpest direction at present, e₀ the one at the
 * start, e_1 … e_K the K sharpest, and f a factor:
 *
 * - `normal`: g
 * - `onlyTop`: e⟨e, g⟩
 * - `constantTop`: e₀⟨e₀, g⟩
 * - `removeTop`: g − e⟨e, g⟩
 * - `topScaled`: f·e⟨e, g⟩ + (g − e⟨e, g⟩)
 * - `bottomScaled`: e⟨e, g⟩ + f·(g − e⟨e, g⟩)
 * - `allTopScaled`: as `topScaled`, for each of e_1 … e_K in turn
 * - `allDrop`: the part along each of e_1 … e_K is kept with probability 1 − f, else removed
 * - `constantOvershoot`: g − e⟨e, g⟩ + f·sign⟨e, g⟩·e
 */
export const escapeVariants = [
  'normal',
  'onlyTop',
  'constantTop',
  'removeTop',
  'topScaled',
  'bottomScaled',
  'allTopScaled',
  'allDrop',
  'constantOvershoot',
] as const;

/** One of {@link escapeVariants}. */
export type EscapeVariant = (typeof escapeVariants)[number];

/** f where none is given. The overshoot is the paper's; of the paper's factors 4, 2, 0.5, 0.25, a mild one. */
const defaultFactors: Partial<Record<EscapeVariant, number>> = {
  topScaled: 0.5,
  bottomScaled: 0.5,
  allTopScaled: 0.5,
  allDrop: 0.5,
  constantOvershoot: 0.3,
};

/** A variant with its factor. */
export interface EscapeRule {
  readonly variant: EscapeVariant;
  /** f; null for the variants that have none. */
  readonly factor: number | null;
}

/** Checks the factor of a variant, or fills it in. */
export function escapeRule(variant: EscapeVariant, factor: number | undefined, where: string): EscapeRule {
  const usual = defaultFactors[variant];
  if (usual === undefined) {
    requireArgument(factor === undefined, where, `no factor for ${variant}`, factor);
    return { variant, factor: null };
  }
  const given = factor ?? usual;
  // Of allDrop it is the chance to drop a direction.
  requireIs(given, number({ from: 0, ...(variant === 'allDrop' && { to: 1 }) }), 'factor', where);
  return { variant, factor: given };
}

/** What a variant knows of the directions at a step. */
export interface EscapeDirections {
  /** e_1 … e_K [K, n] at present. */
  readonly present: Tensor2D;
  /** e₀ [1, n], the sharpest direction at the start. */
  readonly initial: Tensor2D;
}

/**
 * The update u [n] that takes the place of a gradient: θ ← θ − ηu.
 *
 * @param random drawn from by `allDrop` only
 * @returns a new tensor, owned by the caller
 */
export function escapeUpdate(
  { variant, factor }: EscapeRule,
  gradient: Tensor1D,
  { present, initial }: EscapeDirections,
  random: SeededRandom,
): Tensor1D {
  const f = factor ?? 1;
  return tidy(() => {
    const top = slice(present, [0, 0], [1, -1]);
    const along = (rows: Tensor2D): Tensor1D => combination(rows, coordinates(rows, gradient));
    switch (variant) {
      case 'normal':
        return gradient.clone();
      case 'onlyTop':
        return along(top);
      case 'constantTop':
        return along(initial);
      case 'removeTop':
        return scaleAlong(top, gradient, 0);
      case 'topScaled':
        return scaleAlong(top, gradient, f);
      case 'bottomScaled':
        return add(mul(gradient, f), mul(along(top), 1 - f)) as Tensor1D;
      case 'allTopScaled':
        return scaleAlong(present, gradient, f);
      case 'allDrop': {
        const kept = tensor1d(Array.from({ length: present.shape[0] }, () => +(random.uniform() >= f)));
        const parts = mul(coordinates(present, gradient), kept) as Tensor1D;
        return add(scaleAlong(present, gradient, 0), combination(present, parts)) as Tensor1D;
      }
      case 'constantOvershoot': {
        const length = mul(sign(coordinates(top, gradient)), f) as Tensor1D;
        return add(scaleAlong(top, gradient, 0), combination(top, length)) as Tensor1D;
      }
    }
  });
}
