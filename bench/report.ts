import { fastestRatio, ratio, spread, type Rounds, type Spread } from './interleave.js';
import { MICRO, XNNPACK, YARDSTICK_GFLOP, type KernelRow } from './kernel-bench.js';
import type { BenchModel } from './models.js';

/** A figure of the table and its bound, with fused multiply-add. */
interface Bound {
  readonly title: string;
  readonly above: string;
  readonly below: string;
  /** By model; a minimum with `atLeast`. */
  readonly limits: Partial<Record<BenchModel['name'], number>>;
  readonly atLeast?: boolean;
  /** Both sides are ours: instructions do not matter. */
  readonly relative?: boolean;
}

const BOUNDS: readonly Bound[] = [
  {
    title: 'gradient, stock ÷ ours',
    above: 'stock gradient',
    below: 'gradient',
    limits: { M1: 7, M4: 4 },
    atLeast: true,
  },
  {
    title: 'gradient, ours ÷ PyTorch (1 thread)',
    above: 'gradient',
    below: 'torch1 gradient',
    limits: { M1: 2.5, M2: 1.7, M3: 1.7, M4: 3 },
  },
  { title: 'gradient, ours ÷ PyTorch (2 threads)', above: 'gradient', below: 'torch2 gradient', limits: {} },
  { title: 'forward, ours ÷ PyTorch', above: 'forward', below: 'torch1 forward', limits: {} },
  {
    title: 'Hv kept, ours ÷ PyTorch’s kept',
    above: 'hvp-kept',
    below: 'torch1 hvp-kept',
    limits: { M1: 1.6, M2: 1.7, M3: 1.3, M4: 2.5 },
  },
  {
    title: 'Hv rebuilt, ours ÷ PyTorch’s rebuilt',
    above: 'hvp-rebuilt',
    below: 'torch1 hvp-rebuilt',
    limits: {},
  },
  {
    title: 'Hv kept ÷ own gradient',
    above: 'hvp-kept',
    below: 'gradient',
    limits: { M1: 1.25, M2: 2.1, M3: 2.05, M4: 1.6 },
    relative: true,
  },
  { title: 'Hv rebuilt ÷ own gradient', above: 'hvp-rebuilt', below: 'gradient', limits: {} },
  {
    title: 'Hv kept, jax-js `jvp(grad)` ÷ ours',
    above: 'jax jvp(grad)',
    below: 'hvp-kept',
    limits: { M1: 12 },
    atLeast: true,
  },
  { title: 'Hv kept, jax-js `linearize` ÷ ours', above: 'jax linearize', below: 'hvp-kept', limits: {} },
  {
    title: 'gradient, jax-js ÷ ours',
    above: 'jax gradient',
    below: 'gradient',
    limits: { M1: 1.3 },
    atLeast: true,
  },
];

/** Without fused multiply-add the bounds are 1.3 times as far. */
const WITHOUT_FMA = 1.3;

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const show = ({ median, low, high }: Spread) => `${number(median)} (${number(low)}–${number(high)})`;

/** The table: medians of ratios within a round, quartiles in brackets, and whether the bound holds. */
export function modelTable(results: ReadonlyMap<BenchModel, Rounds>, fused: boolean): string {
  const models = [...results.keys()];
  const lines = [
    `| ratio: median (quartiles) | ${models.map((m) => m.name).join(' | ')} |`,
    `|---|${models.map(() => '---').join('|')}|`,
  ];
  for (const bound of BOUNDS) {
    const cells = models.map((model) => {
      const value = ratio(results.get(model) as Rounds, bound.above, bound.below);
      if (value === null) return '';
      const limit = bound.limits[model.name];
      if (limit === undefined) return show(value);
      const factor = fused || bound.relative === true ? 1 : WITHOUT_FMA;
      const reach = bound.atLeast === true ? limit / factor : limit * factor;
      const met = bound.atLeast === true ? value.median >= reach : value.median <= reach;
      return `${show(value)} ${met ? '✓' : '✗'} ${bound.atLeast === true ? '≥' : '≤'} ${number(reach)}`;
    });
    if (cells.some((cell) => cell !== '')) lines.push(`| ${bound.title} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** The same ratios between the fastest rounds of either side. */
export function fastestTable(results: ReadonlyMap<BenchModel, Rounds>): string {
  const models = [...results.keys()];
  const lines = [
    `| ratio of the fastest rounds | ${models.map((m) => m.name).join(' | ')} |`,
    `|---|${models.map(() => '---').join('|')}|`,
  ];
  for (const { title, above, below } of BOUNDS) {
    const cells = models.map((model) => {
      const value = fastestRatio(results.get(model) as Rounds, above, below);
      return value === null ? '' : number(value);
    });
    if (cells.some((cell) => cell !== '')) lines.push(`| ${title} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** Medians in milliseconds, for orientation: they depend on what else the machine does. */
export function timesTable(results: ReadonlyMap<BenchModel, Rounds>): string {
  const lines = ['| milliseconds | median (quartiles) |', '|---|---|'];
  for (const [model, times] of results) {
    for (const [name, values] of times) lines.push(`| ${model.name} ${name} | ${show(spread(values))} |`);
  }
  return lines.join('\n');
}

/** GFLOP/s, counted by the direct formula also where Winograd multiplies less, beside two yardsticks. */
export function kernelTable(rows: readonly KernelRow[], times: Rounds): string {
  const rate = (name: string, gflop: number) =>
    spread((times.get(name) ?? []).map((ms) => (1000 * gflop) / ms));
  const relative = (name: string, gflop: number, yardstick: string) => {
    const mine = times.get(name) ?? [];
    const theirs = times.get(yardstick) ?? [];
    const base = YARDSTICK_GFLOP[yardstick] ?? NaN;
    return spread(mine.map((ms, i) => gflop / ms / (base / (theirs[i] ?? NaN))));
  };
  const yardsticks = [XNNPACK, MICRO].map(
    (name) => `${name}: ${show(rate(name, YARDSTICK_GFLOP[name] ?? NaN))} GFLOP/s`,
  );
  const lines = [
    `${yardsticks.join(' · ')}`,
    '',
    '| kernel | GFLOP/s | stock GFLOP/s | ÷ XNNPACK’s matMul | ÷ micro-kernel in L1 |',
    '|---|---|---|---|---|',
  ];
  for (const { name, gflop, stock } of rows) {
    const cells = [
      show(rate(name, gflop)),
      stock === null ? 'missing' : show(rate(`stock ${name}`, gflop)),
      show(relative(name, gflop, XNNPACK)),
      show(relative(name, gflop, MICRO)),
    ];
    lines.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}
