import type { Correction } from './correction.js';

/** An axis counted from the end. */
const isNegative = (axis: unknown): axis is number => (axis as number) < 0;

export const cumulationCorrections: readonly Correction[] = ['Cumsum', 'Cumprod'].map((kernel) => ({
  kernel,
  backends: 'all',
  when: (_, { axis }) => isNegative(axis),
  why: 'takes an axis that is counted from the end for one beyond it: fails, or on WASM writes where no tensor lies',
  compute: ({ x }, attrs, own) => own({ x: x! }, { ...attrs, axis: x!.rank + (attrs.axis as number) }),
}));
