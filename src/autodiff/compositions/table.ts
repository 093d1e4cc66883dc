import type { Composition } from './composition.js';

/** The compositions by the kernel they stand for. Filled from above, by what knows them all. */
const compositions = new Map<string, Composition>();

/** Adds compositions to choose from. */
export function addCompositions(...added: readonly Composition[]): void {
  for (const composition of added) compositions.set(composition.kernel, composition);
}

/** How to put a kernel together from others, if we know; null otherwise. */
export function findComposition(kernel: string): Composition | null {
  return compositions.get(kernel) ?? null;
}
