import { describe, expect, it } from 'vitest';
import { fittedRange, logTicks } from '../../demo/axes.js';

describe('axes', () => {
  it('fit what is drawn, with a little room', () => {
    expect(fittedRange(0, 10, false)).toEqual([-0.6, 10.6]);
    const [low, high] = fittedRange(0.03, 0.7, true);
    expect(low).toBeGreaterThan(0.02);
    expect(low).toBeLessThan(0.03);
    expect(high).toBeGreaterThan(0.7);
    expect(high).toBeLessThan(0.9);
  });

  it('have room where all values are one, and where there are none', () => {
    expect(fittedRange(2, 2, false)).toEqual([1.8, 2.2]);
    expect(fittedRange(0, 0, false)).toEqual([-0.1, 0.1]);
    expect(fittedRange(null, null, false)).toEqual([0, 1]);
    expect(fittedRange(null, null, true)).toEqual([0.1, 1]);
  });

  it('have round ticks, fewer where they span more powers of ten', () => {
    expect(logTicks(0.0005, 2)).toEqual([0.001, 0.01, 0.1, 1]);
    expect(logTicks(0.03, 0.7)).toEqual([0.05, 0.1, 0.2, 0.5]);
    expect(logTicks(0.45, 2.3)).toEqual([0.5, 0.7, 1, 1.5, 2]);
    expect(logTicks(0.25, 0.45)).toEqual([0.3, 0.4]);
  });
});
