import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import type { ChartOptions, VegaLiteSpec, VegaSpec } from '../../../src/plot/index.js';
import {
  alignmentChart,
  contourChart,
  crossSectionChart,
  eigenvalueChart,
  escapeChart,
  learningCurvesChart,
  reliefChart,
  sharpnessChart,
  spectralDensityChart,
  stepDecompositionChart,
  toSvg,
} from '../../../src/plot/index.js';

// vega-lite tells of what it does not understand by a warning, and then draws something else.
let warnings: MockInstance;
beforeEach(() => {
  warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  expect(warnings.mock.calls).toEqual([]);
  warnings.mockRestore();
});

const records = [0, 10, 20, 30].map((step, i) => ({
  step,
  loss: 2 / (i + 1),
  accuracy: 0.2 * (i + 1),
  sharpness: 10 * (i + 1),
  eigenvalues: [10 * (i + 1), 5 * (i + 1), i + 1],
}));
const runs = [
  { name: 'SGD', records, learningRate: 0.1 },
  { name: 'NSGD', records: records.slice(1), learningRate: 0.05 },
];
const sections = ['e₁', 'e₂'].map((direction) => ({
  direction,
  offsets: [-4, -1, 0, 1, 4],
  losses: [9, 1.5, 1, 1.5, 9],
}));
const steps = ['e₁', 'random'].flatMap((direction) =>
  [0.25, 1, 4].map((alpha) => ({
    direction,
    alpha,
    lossChange: 3 * alpha * alpha - 2 * alpha,
    standardDeviation: 0.1,
  })),
);
const alignments = ['minibatch', 'full batch'].flatMap((gradient) =>
  ['e₁', 'e₂', 'e₃'].map((direction) => ({
    direction,
    gradient,
    meanAbsCosine: 0.2,
    standardDeviation: 0.3,
  })),
);
const density = { grid: new Float64Array([-1, 0, 1, 2]), density: new Float64Array([0, 2, 1e-9, 1e-3]) };

/** A round bowl, x² + y² + 1 on a grid of 21 by 21. */
const ticks = Array.from({ length: 21 }, (_, i) => i / 10 - 1);
const bowl = {
  xs: ticks,
  ys: ticks,
  losses: ticks.map((y) => ticks.map((x) => x * x + y * y + 1)),
  points: [{ x: 0.5, y: -0.5, loss: 1.5 }],
  eigenvalues: [2, 2],
};

/** How many marks of each kind a picture holds, by the words Vega describes them with to a screen reader. */
async function marks(spec: VegaLiteSpec | VegaSpec): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [, role] of (await toSvg(spec)).matchAll(/aria-roledescription="([^"]+)"/g)) {
    counts[role!] = (counts[role!] ?? 0) + 1;
  }
  return counts;
}

/** Every chart with data for it, and the marks that its data make. */
const charts: [string, (options: ChartOptions) => VegaLiteSpec | VegaSpec, Record<string, number>][] = [
  ['sharpnessChart', (o) => sharpnessChart(runs, o), { 'line mark': 2, point: 7 }],
  ['eigenvalueChart', (o) => eigenvalueChart(records, o), { 'line mark': 3, point: 12 }],
  [
    'spectralDensityChart',
    (o) => spectralDensityChart(density, { ...o, eigenvalues: [2, 1] }),
    { 'area mark': 1, 'line mark': 1, point: 2 },
  ],
  ['crossSectionChart', (o) => crossSectionChart(sections, o), { 'line mark': 2, point: 10 }],
  // A bar and its spread per record.
  ['stepDecompositionChart', (o) => stepDecompositionChart(steps, o), { bar: 6, 'rule mark': 6 }],
  [
    'alignmentChart',
    (o) => alignmentChart(alignments, { ...o, randomBaseline: 0.01 }),
    { point: 6, 'rule mark': 6 },
  ],
  ['escapeChart', (o) => escapeChart(runs, o), { 'line mark': 4, point: 14 }],
  ['learningCurvesChart', (o) => learningCurvesChart(runs, o), { 'line mark': 6, point: 21 }],
  ['contourChart', (o) => contourChart(bowl, o), { 'path mark container': 1, 'symbol mark container': 1 }],
  ['reliefChart', (o) => reliefChart(bowl, o), { 'path mark container': 2, 'text mark container': 1 }],
];

describe.each(charts)('%s', (name, chart, expected) => {
  test.each(['light', 'dark'] as const)('draws every record, %s', async (theme) => {
    expect(await marks(chart({ theme }))).toMatchObject(expected);
  });

  test('has a heading, and takes another', async () => {
    expect(await toSvg(chart({}))).toContain('role-title-text');
    const svg = await toSvg(chart({ title: 'My heading', subtitle: 'a net' }));
    expect(svg).toContain('>My heading<');
    expect(svg).toContain('>a net<');
  });

  test('is plain JSON in the colours of its theme', () => {
    const spec = chart({ theme: 'dark' });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(spec.background).not.toBe(chart({}).background);
  });

  test('refuses sizes and themes that are none, by its own name', () => {
    for (const options of [
      { width: 0 },
      { height: Number.NaN },
      { theme: 'sepia' } as unknown as ChartOptions,
    ]) {
      expect(() => chart(options)).toThrow(CurvatureArgumentError);
      expect(() => chart(options)).toThrow(name);
    }
  });
});

describe('charts without data', () => {
  test.each([contourChart, reliefChart])('a surface that is not awaited is named: %o', (chart) => {
    expect(() => chart(Promise.resolve(bowl) as never)).toThrow(/expected a record \{.*, received Promise$/);
  });

  test.each<[string, () => VegaLiteSpec | VegaSpec]>([
    ['contourChart', () => contourChart({ ...bowl, losses: ticks.map(() => ticks.map(() => NaN)) })],
    ['reliefChart', () => reliefChart({ ...bowl, losses: ticks.map(() => ticks.map(() => Infinity)) })],
    [
      'sharpnessChart',
      () => sharpnessChart([{ name: 'SGD', records: [{ step: 0, sharpness: Number.NaN }] }]),
    ],
    ['eigenvalueChart', () => eigenvalueChart([{ step: 0 }])],
    ['spectralDensityChart', () => spectralDensityChart({ grid: [0, 1], density: [0, 0] })],
    ['crossSectionChart', () => crossSectionChart([])],
    ['stepDecompositionChart', () => stepDecompositionChart([])],
    ['alignmentChart', () => alignmentChart([{ direction: 'e₁', meanAbsCosine: 0 }])],
    ['escapeChart', () => escapeChart([])],
    ['learningCurvesChart', () => learningCurvesChart([{ name: 'SGD', records: [] }])],
  ])('%s says what it needs', (name, call) => {
    expect(call).toThrow(CurvatureArgumentError);
    expect(call).toThrow(new RegExp(`^${name}: expected .*, received "nothing to draw"$`));
  });

  test('a chart of learning curves asks for any of the three that it draws', () => {
    expect(() => learningCurvesChart([{ name: 'SGD', records: [] }])).toThrow(
      'at least one record with a finite loss or sharpness or accuracy',
    );
  });

  test('a grid and a density, or offsets and losses, of different lengths do not pass', () => {
    expect(() => spectralDensityChart({ grid: [0, 1], density: [1] })).toThrow(/each of the 2 points/);
    expect(() => crossSectionChart([{ direction: 'e₁', offsets: [0, 1], losses: [1] }])).toThrow(/along e₁/);
  });
});

test.each([
  ['records', records, 'text, received undefined'],
  ['one run', { name: 'SGD', records }, 'received Object'],
])('sharpnessChart given %s says what it takes', (_, given, received) => {
  const call = (): unknown => sharpnessChart(given as never);
  expect(call).toThrow(received);
  expect(call).toThrow("Write sharpnessChart([{ name: 'SGD', records: monitor.records }])");
});

describe('sharpnessChart', () => {
  const svgOf = (learningRates: (number | undefined)[]) =>
    toSvg(
      sharpnessChart(learningRates.map((learningRate, i) => ({ name: `run ${i}`, records, learningRate }))),
    );

  test('draws 2/η once where runs share η', async () => {
    expect((await svgOf([0.1, 0.1])).match(/>2\/η = 20</g)).toHaveLength(1);
  });

  test('draws a line for each η', async () => {
    const svg = await svgOf([0.1, 0.05, undefined]);
    expect(svg).toContain('>2/η = 20<');
    expect(svg).toContain('>2/η = 40<');
  });

  test('tells a level far above the curves instead of flattening them', async () => {
    const svg = await svgOf([0.001]);
    expect(svg).toContain('above the scale: 2/η = 2000');
    expect(svg).not.toMatch(/rule mark/);
  });

  test('with logarithmic axes begins after step 0 and still reaches the levels of 2/η', async () => {
    const sharp = records.map(({ step, sharpness }) => ({ step, sharpness: sharpness * sharpness }));
    const run = { name: 'SGD', records: sharp, learningRate: 0.0006 };
    const spec = sharpnessChart([run], { axes: 'log' });
    expect(await marks(spec)).toMatchObject({ point: 3, 'rule mark container': 1 });
    const domains = [...JSON.stringify(spec).matchAll(/"type":"log","domain":\[([^,]+),([^\]]+)\]/g)];
    expect(domains).toHaveLength(2);
    const [steps, values] = domains.map(([, low, high]) => [Number(low), Number(high)]);
    expect(steps).toEqual([10, 30]);
    // 2/0.0006 is twice the highest value: drawn, so inside.
    expect(values![0]).toBeLessThan(400);
    expect(values![1]).toBeGreaterThan(2 / 0.0006);
  });

  test('leaves out what was not measured, and keeps the rest', async () => {
    const holed = records.map((record, i) => (i % 2 ? { step: record.step } : record));
    expect(await marks(sharpnessChart([{ name: 'SGD', records: holed }]))).toMatchObject({ point: 2 });
  });
});

test.each<[string, () => VegaLiteSpec]>([
  ['sharpnessChart', () => sharpnessChart([runs[0]!, runs[0]!])],
  ['learningCurvesChart', () => learningCurvesChart([runs[0]!, runs[0]!])],
  ['crossSectionChart', () => crossSectionChart([sections[0]!, sections[0]!])],
])('%s refuses two series of one name, which would be drawn as one', (name, call) => {
  expect(call).toThrow(new RegExp(`^${name}: expected a name of its own for each series`));
});

describe('losses that overflowed', () => {
  test('are told, not passed over', async () => {
    const note = '>not drawn: 1 loss that overflowed<';
    const [first, ...rest] = steps;
    const blown = stepDecompositionChart([{ ...first!, lossChange: Infinity }, ...rest]);
    expect(await toSvg(blown)).toContain(note);
    expect(await toSvg(stepDecompositionChart(steps))).not.toContain('not drawn');
    const section = { direction: 'e₁', offsets: [-1, 0, 1], losses: [Number.NaN, 1, 2] };
    expect(await toSvg(crossSectionChart([section]))).toContain(note);
  });
});

describe('axes', () => {
  test('a loss that spans decades is logarithmic, one that hardly moves is linear', async () => {
    const curve = (losses: number[]) =>
      JSON.stringify(
        learningCurvesChart([{ name: 'SGD', records: losses.map((loss, step) => ({ step, loss })) }]),
      );
    expect(curve([2, 0.2, 0.02])).toContain('"type":"log"');
    expect(curve([2, 1.9])).not.toContain('"type":"log"');
    // A loss may be negative, as with the Poisson loss: no logarithm, and no point lost.
    expect(curve([2, 0.2, -1])).not.toContain('"type":"log"');
  });

  test('loss sections are marked at powers of four step lengths, on both sides', async () => {
    const svg = await toSvg(crossSectionChart(sections));
    for (const tick of ['−4', '−1', '−0.25', '0', '0.25', '1', '4']) expect(svg).toContain(`>${tick}<`);
  });

  test('a density of zero stands on the floor of the chart instead of vanishing from it', () => {
    const spec = JSON.stringify(spectralDensityChart(density, { floor: 1e-4 }));
    expect(spec).toContain('{"eigenvalue":-1,"density":0.0001}');
    expect(spec).toContain('"domain":[0.0001,4]');
  });
});

test('nine series differ in colour or dashes, each from every other', async () => {
  const names = Array.from({ length: 9 }, (_, i) => `variant ${i}`);
  const svg = await toSvg(escapeChart(names.map((name) => ({ name, records }))));
  const styles = [...svg.matchAll(/<path aria-label="[^"]*"[^>]*roledescription="line mark"[^>]*>/g)].map(
    ([path]) => `${/stroke="([^"]*)"/.exec(path)?.[1]} ${/stroke-dasharray="([^"]*)"/.exec(path)?.[1]}`,
  );
  expect(styles).toHaveLength(18);
  expect(new Set(styles).size).toBe(9);
});

test('spectralDensityChart says what its axis holds, and marks eigenvalues there', () => {
  const grid = [-3, -2, -1];
  const density = [0.1, 0.5, 0.1];
  const parts = (spec: object): string => JSON.stringify(spec);
  const linear = parts(spectralDensityChart({ grid, density }, { eigenvalues: [-2] }));
  expect(linear).toContain('eigenvalue λ of the Hessian');
  expect(linear).toContain('{"eigenvalue":-2,"name":"eigenvalue"}');
  const record = { grid, density, scale: 'log', epsilon: 1e-5 } as const;
  const logarithmic = parts(spectralDensityChart(record, { eigenvalues: [-0.01, NaN] }));
  expect(logarithmic).not.toContain('eigenvalue λ');
  expect(logarithmic).toContain('log₁₀(|λ| + 0.00001) of the Hessian');
  expect(logarithmic).toContain('share per decade');
  const { eigenvalue } = JSON.parse(/\{"eigenvalue":[^}]*"name":"eigenvalue"\}/.exec(logarithmic)![0]) as {
    eigenvalue: number;
  };
  expect(eigenvalue).toBeCloseTo(Math.log10(0.01001), 12);
  expect(() => spectralDensityChart({ grid, density, scale: 'cubic' as never })).toThrow(
    "scale 'linear' or 'log'",
  );
});

describe('charts of a surface', () => {
  test('a contour lies where the surface has its height', async () => {
    const svg = await toSvg(contourChart(bowl, { width: 400, height: 400 }));
    const contours = [...svg.matchAll(/<path transform="translate\(0,0\)" d="([^"]+)"/g)];
    expect(contours).toHaveLength(12);
    contours.forEach(([, path], level) => {
      const points = [...path!.matchAll(/([\d.-]+),([\d.-]+)/g)].map((pair) => [
        Number(pair[1]) / 200 - 1,
        1 - Number(pair[2]) / 200,
      ]);
      const inside = points.filter((point) => point.every((at) => Math.abs(at!) < 0.999));
      if (level > 0 && level < 9) expect(inside.length).toBeGreaterThan(3);
      for (const [x, y] of inside) {
        // Level i of 12 between 1 and 3, on edges of the grid, along which the bowl is taken for straight.
        expect(Math.abs(x! * x! + y! * y! - level / 6)).toBeLessThan(0.1 ** 2 / 4 + 1e-3);
      }
    });
  });

  test('tells how many losses overflowed, and what its axes are', async () => {
    const losses = bowl.losses.map((row) => [...row]);
    losses[0]![0] = Infinity;
    for (const chart of [contourChart, reliefChart]) {
      const svg = await toSvg(chart({ ...bowl, losses }));
      expect(svg).toContain('>not drawn: 1 loss that overflowed<');
      expect(svg).toContain('>along e₁, λ₁ = 2.00<');
      expect(await toSvg(chart({ ...bowl, eigenvalues: null }))).toContain('>second direction<');
    }
  });

  test('refuses losses that do not fit the coordinates', () => {
    for (const chart of [contourChart, reliefChart]) {
      expect(() => chart({ ...bowl, xs: [0, 1] })).toThrow(/a row of 2 losses for each of the 21 ys/);
      expect(() => chart({ ...bowl, losses: 3 as never })).toThrow(CurvatureArgumentError);
      expect(() => chart({ ...bowl, losses: [null, ...bowl.losses.slice(1)] as never })).toThrow(
        CurvatureArgumentError,
      );
    }
  });

  test('a flat surface is drawn', async () => {
    const flat = { ...bowl, losses: ticks.map(() => ticks.map(() => 1)) };
    // Twenty cells each way.
    const svg = await toSvg(reliefChart(flat));
    expect(svg.match(/<path transform="translate\(0,0\)" d="M[^"]+" fill="[^"]+" stroke/g)).toHaveLength(400);
    expect(await marks(contourChart(flat))).toMatchObject({ 'symbol mark container': 1 });
  });
});
