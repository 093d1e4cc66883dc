import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/random.js';

const count = 20000;

describe('SeededRandom', () => {
  it('repeats bit for bit with a seed, and differs with the next, also beyond 32 bits', () => {
    const draw = (seed: number) => Array.from(new SeededRandom(seed).fillNormal(new Float32Array(8)));
    expect(draw(1)).toEqual(draw(1));
    for (const other of [2, -1, 1 + 2 ** 32, 0]) expect(draw(other)).not.toEqual(draw(1));
  });

  it('draws uniform numbers of [-1/2, 1/2): mean 0, variance 1/12, within four standard deviations', () => {
    const values = new SeededRandom(3).fillCentered(new Float32Array(count));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
    expect(Math.max(...values)).toBeLessThan(0.5);
    expectMoments(values, 0, 1 / 12);
  });

  it('draws standard normal numbers: mean 0, variance 1, kurtosis 3', () => {
    const values = new SeededRandom(4).fillNormal(new Float32Array(count));
    expectMoments(values, 0, 1);
    const fourth = values.reduce((sum, x) => sum + x ** 4, 0) / count;
    expect(Math.abs(fourth - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
  });

  it('draws independent signs', () => {
    const values = new SeededRandom(5).fillRademacher(new Float32Array(count));
    expect(new Set(values)).toEqual(new Set([-1, 1]));
    expectMoments(values, 0, 1);
    const lagged = values.slice(1).reduce((sum, x, i) => sum + x * values[i]!, 0) / count;
    expect(Math.abs(lagged)).toBeLessThan(4 / Math.sqrt(count));
  });
});

function expectMoments(values: Float32Array, mean: number, variance: number): void {
  const average = values.reduce((sum, x) => sum + x, 0) / count;
  const spread = values.reduce((sum, x) => sum + (x - average) ** 2, 0) / count;
  expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt(variance / count));
  expect(spread / variance).toBeCloseTo(1, 1);
}
