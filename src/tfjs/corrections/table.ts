import { KernelTable } from '../kernels/kernel-table.js';
import type { Composition } from './correction.js';

/** The compositions by the kernel they stand for. Filled from above, by what knows them all. */
const compositions = new KernelTable<Composition>('composition');

/** Adds compositions to choose from. */
export function addCompositions(...added: readonly Composition[]): void {
  compositions.add(...added);
}

/** How to put a kernel together from others, if we know; null otherwise. */
export function findComposition(kernel: string): Composition | null {
  return compositions.find(kernel);
}
