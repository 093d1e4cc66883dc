import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/random.js';
import { Confirmation, limitsBeyond } from '../../../src/solvers/confirmation.js';

/** A fresh chain of a diagonal matrix in double precision, orthogonal to the eigenvectors there are rows of. */
class Chain {
  readonly rows: number[][];
  private readonly before: number;

  constructor(
    private readonly spectrum: readonly number[],
    found: readonly number[],
    seed: number,
  ) {
    const random = new SeededRandom(seed);
    this.rows = found.map((index) => spectrum.map((_, i) => (i === index ? 1 : 0)));
    this.before = found.length;
    this.append(spectrum.map(() => random.normal()));
  }

  /** Multiplies the last row. */
  step(): { row: number; column: Float64Array } {
    const row = this.rows.length - 1;
    const image = this.rows[row]!.map((x, i) => x * this.spectrum[i]!);
    return { row, column: Float64Array.from(this.append(image)) };
  }

  /** Component of the start along an eigenvector. */
  start(index: number): number {
    return this.rows[this.before]![index]!;
  }

  private append(vector: number[]): number[] {
    const coefficients = this.rows.map(() => 0);
    for (let pass = 0; pass < 2; pass++) {
      this.rows.forEach((row, i) => {
        const along = row.reduce((sum, x, l) => sum + x * vector[l]!, 0);
        coefficients[i]! += along;
        row.forEach((x, l) => (vector[l]! -= along * x));
      });
    }
    const norm = Math.hypot(...vector);
    if (norm > 1e-12) this.rows.push(vector.map((x) => x / norm));
    return norm > 1e-12 ? [...coefficients, norm] : coefficients;
  }
}

/** Products until the check is convinced. */
function productsOn(
  spectrum: readonly number[],
  found: number[],
  limits: readonly number[],
  seed = 1,
): number {
  const chain = new Chain(spectrum, found, seed);
  const check = new Confirmation(limits, found.length, spectrum.length);
  while (!check.isConvinced && check.products < 100) {
    const { row, column } = chain.step();
    check.observe(row, column);
  }
  return check.products;
}

const bulk = (size: number, radius: number): number[] =>
  Array.from({ length: size }, (_, i) => radius * Math.cos(i + 1));

describe('Confirmation', () => {
  it.each([
    { what: 'a narrow bulk', spectrum: [5, 4, ...bulk(100, 0.1)], limit: 4, most: 3 },
    { what: 'a bulk of half their size', spectrum: [5, 4, ...bulk(100, 2)], limit: 4, most: 7 },
    { what: 'a bulk at their heels', spectrum: [5, 4, ...bulk(100, 3.6)], limit: 4, most: 15 },
    { what: 'a copy of the last', spectrum: [5, 4, 4, ...bulk(100, 0.1)], limit: 4.004, most: 5 },
  ])('is convinced within $most products: $what', ({ spectrum, limit, most }) => {
    for (let seed = 0; seed < 10; seed++) {
      // A step grows by x + √(x² − 1), x the limit in units of the radius of the bulk, which is 1.6 for the widest; to
      // grow by √(2 · 103 / π) / 1 % = 810.
      expect(productsOn(spectrum, [0, 1], [limit], seed)).toBeLessThanOrEqual(most);
    }
  });

  it('takes more products the larger the space in which a vector may hide', () => {
    const products = [100, 10_000, 1_000_000].map((size) => {
      const chain = new Chain([5, ...bulk(60, 1)], [0], 1);
      const check = new Confirmation([5], 1, size);
      while (!check.isConvinced) {
        const { row, column } = chain.step();
        check.observe(row, column);
      }
      return check.products;
    });
    expect(products[1]).toBeGreaterThan(products[0]!);
    expect(products[2]).toBeGreaterThan(products[1]!);
  });

  it('is not convinced while a pair at the limit is hidden, but in one run of a hundred', () => {
    const spectrum = [5, 4, 4.4, ...bulk(100, 1)];
    let overlooked = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const chain = new Chain(spectrum, [0, 1], seed);
      const check = new Confirmation([4.4], 2, spectrum.length);
      let seen = 0;
      // The pair shows once a row has half of its vector: its Ritz value is among the first then.
      while (!check.isConvinced && seen < 0.5) {
        const { row, column } = chain.step();
        check.observe(row, column);
        seen = chain.rows.slice(2).reduce((sum, v) => sum + v[2]! ** 2, 0);
      }
      if (seen < 0.5) overlooked++;
    }
    expect(overlooked).toBeLessThanOrEqual(20);
  });

  it.each(['LA', 'SA', 'LM'] as const)('looks beyond the last of the wanted eigenvalues: %s', (which) => {
    const limits = { LA: [-1.5], SA: [-2.5], LM: [-2.5, 2.5] }[which];
    expect(limitsBeyond(which, Float64Array.of(7, -2), () => 0.5)).toEqual(limits);
  });

  it('looks beyond the last of the wanted eigenvalues of each end, with margins of their own', () => {
    const margin = (value: number): number => Math.abs(value) / 4;
    expect(limitsBeyond('BE', Float64Array.of(9, -8, 4, -2), margin)).toEqual([-2.5, 5]);
    expect(limitsBeyond('BE', Float64Array.of(9, -8, 4), margin)).toEqual([-10, 5]);
  });

  it('looks at both ends for the largest in magnitude', () => {
    const spectrum = [5, ...Array.from({ length: 60 }, (_, i) => -3 + i / 20)];
    // Nothing lies near +4, a bulk that ends at -3 lies near -4.
    expect(productsOn(spectrum, [0], [4])).toBeLessThan(productsOn(spectrum, [0], [-4, 4]));
  });

  it('goes on through a restart', () => {
    const spectrum = [5, ...bulk(60, 3)];
    const counts = [false, true].map((isTurned) => {
      const chain = new Chain(spectrum, [0], 1);
      const check = new Confirmation([5], 1, spectrum.length);
      for (let step = 0; !check.isConvinced; step++) {
        const { row, column } = chain.step();
        check.observe(row, column);
        const { length } = chain.rows;
        // A restart that keeps all: no component is lost.
        const same = Array.from({ length }, (_, i) => new Float64Array(length).fill(1, i, i + 1));
        if (isTurned && step === 2) check.rotate(same);
      }
      return check.products;
    });
    expect(counts[1]).toBe(counts[0]);
  });
});
