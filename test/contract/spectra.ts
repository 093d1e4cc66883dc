/** All eigenvalues of a matrix. */
export interface Spectrum {
  readonly name: string;
  readonly values: readonly number[];
}

/** Prescribed spectra, each with what makes it hard. */
export const spectra: readonly Spectrum[] = [
  { name: 'geometric 0.8', values: sequence(40, (i) => 10 * 0.8 ** i) },
  { name: 'geometric 0.5', values: sequence(20, (i) => 10 * 0.5 ** i) },
  { name: 'clustered', values: [...sequence(10, (i) => 10 + 1e-2 * i), ...line(0, 1, 50)] },
  { name: 'step', values: sequence(60, (i) => (i < 10 ? 1 : 0.1)) },
  { name: 'repeated x5, arithmetic', values: sequence(60, (i) => -1 + Math.floor(i / 5)) },
  { name: 'repeated x5, geometric', values: sequence(60, (i) => 10 * 0.7 ** Math.floor(i / 5)) },
  { name: 'five above a line', values: [5, 5, 5, 5, 5, ...line(0, 4, 55)] },
  {
    name: 'indefinite',
    values: [...sequence(30, (i) => -5 * 0.8 ** i), ...sequence(30, (i) => 10 * 0.8 ** i)],
  },
  { name: 'indefinite, symmetric about 0', values: line(-1, 1, 60) },
  { name: 'linear', values: line(0, 1, 60) },
  { name: 'zero matrix', values: sequence(30, () => 0) },
  { name: 'identity', values: sequence(30, () => 1) },
  { name: 'rank one', values: sequence(30, (i) => (i === 0 ? 3 : 0)) },
  { name: 'few, repeated', values: [3, 3, 3, 1, 1, 0, 0, -1] },
  { name: 'n = 1', values: [-2.5] },
  { name: 'k = n', values: [4, 1, 0, -1, -3] },
];

function sequence(count: number, term: (i: number) => number): number[] {
  return Array.from({ length: count }, (_, i) => term(i));
}

function line(from: number, to: number, count: number): number[] {
  return sequence(count, (i) => from + ((to - from) * i) / (count - 1));
}
