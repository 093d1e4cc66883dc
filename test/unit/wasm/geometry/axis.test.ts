import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extent, inputGradientPhases, staysInside, type Axis } from '../../../../src/wasm/geometry/axis.js';

const axes = fc
  .record({
    input: fc.integer({ min: 1, max: 12 }),
    taps: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    pad: fc.nat({ max: 4 }),
    output: fc.integer({ min: 1, max: 8 }),
  })
  .map((axis): Axis => axis);

/** The input that output y and tap r of a direction meet, which may lie outside. */
const met = (axis: Axis, y: number, r: number) => y * axis.stride + r * axis.dilation - axis.pad;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

test('phases connect each input with the outputs and taps that meet it, and with no other', () => {
  fc.assert(
    fc.property(axes, (axis) => {
      const forward = range(axis.output).flatMap((y) =>
        range(axis.taps)
          .map((r) => ({ x: met(axis, y, r), y, r }))
          .filter(({ x }) => x >= 0 && x < axis.input),
      );
      const backward = inputGradientPhases(axis).flatMap(({ first, lastTap, step, axis: phase }) =>
        range(phase.output).flatMap((u) =>
          range(phase.taps)
            .map((i) => ({ x: first + u * axis.stride, y: met(phase, u, i), r: lastTap - i * step }))
            .filter(({ y }) => y >= 0 && y < axis.output),
        ),
      );
      const name = ({ x, y, r }: { x: number; y: number; r: number }) => `${x} ${y} ${r}`;
      expect(backward.map(name).sort()).toEqual(forward.map(name).sort());
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('a direction stays inside where no output and tap meet anything else', () => {
  fc.assert(
    fc.property(axes, (axis) => {
      const all = range(axis.output).flatMap((y) => range(axis.taps).map((r) => met(axis, y, r)));
      expect(staysInside(axis)).toBe(Math.min(...all) >= 0 && Math.max(...all) < axis.input);
      expect(extent(axis, axis.output)).toBe(Math.max(...all) - Math.min(...all) + 1);
    }),
    { seed: 6, numRuns: 300 },
  );
});
