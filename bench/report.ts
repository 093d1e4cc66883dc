import { fastestRatio, ratio, spread, type Rounds, type Spread } from './interleave.js';
import { MICRO, XNNPACK, YARDSTICK_GFLOP, type KernelRow } from './kernel-bench.js';
import type { BenchModel } from './models.js';

/** A figure of the issue's table and its bound, with fused multiply-add. */
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
    title: 'gradient: stock TensorFlow.js ÷ ours',
    above: 'stock gradient',
    below: 'gradient',
    limits: { M1: 7, M4: 4 },
    atLeast: true,
  },
  {
    title: 'gradient: ours ÷ PyTorch',
    above: 'gradient',
    below: 'native1 gradient',
    limits: { M1: 2.5, M2: 1.7, M3: 1.7, M4: 3 },
  },
  { title: 'gradient: ours ÷ PyTorch held to AVX2', above: 'gradient', below: 'avx21 gradient', limits: {} },
  {
    title: 'gradient: ours ÷ PyTorch, 2 threads each',
    above: 'gradient 2',
    below: 'native2 gradient',
    limits: {},
  },
  {
    title: 'gradient: ours ÷ PyTorch held to AVX2, 2 threads each',
    above: 'gradient 2',
    below: 'avx22 gradient',
    limits: { M1: 1.45, M2: 0.85, M3: 1.15, M4: 2.3 },
  },
  {
    title: 'Hv: ours ÷ PyTorch',
    above: 'hvp-kept',
    below: 'native1 hvp-kept',
    limits: { M1: 1.6, M2: 1.7, M3: 1.3, M4: 2.5 },
  },
  { title: 'Hv: ours ÷ PyTorch held to AVX2', above: 'hvp-kept', below: 'avx21 hvp-kept', limits: {} },
  { title: 'Hv: ours ÷ PyTorch, 2 threads each', above: 'hvp-kept 2', below: 'native2 hvp-kept', limits: {} },
  {
    title: 'Hv: ours ÷ PyTorch held to AVX2, 2 threads each',
    above: 'hvp-kept 2',
    below: 'avx22 hvp-kept',
    limits: { M1: 1.4, M2: 0.85, M3: 0.75, M4: 1.8 },
  },
  { title: 'Hv rebuilt: ours ÷ PyTorch', above: 'hvp-rebuilt', below: 'native1 hvp-rebuilt', limits: {} },
  { title: 'forward: ours ÷ PyTorch', above: 'forward', below: 'native1 forward', limits: {} },
  {
    title: 'gradient: jax-js ÷ ours',
    above: 'jax gradient',
    below: 'gradient',
    limits: { M1: 1.3 },
    atLeast: true,
  },
  {
    title: 'Hv: jax-js `jvp(grad)` ÷ ours',
    above: 'jax jvp(grad)',
    below: 'hvp-kept',
    limits: { M1: 12 },
    atLeast: true,
  },
  { title: 'Hv: jax-js `linearize` ÷ ours', above: 'jax linearize', below: 'hvp-kept', limits: {} },
  {
    title: 'Hv ÷ our gradient',
    above: 'hvp-kept',
    below: 'gradient',
    limits: { M1: 1.25, M2: 2.1, M3: 2.05, M4: 1.6 },
    relative: true,
  },
  { title: 'Hv rebuilt ÷ our gradient', above: 'hvp-rebuilt', below: 'gradient', limits: {} },
  {
    title: 'gradient: 2 threads ÷ 1',
    above: 'gradient 2',
    below: 'gradient',
    limits: { M1: 0.85, M2: 0.62, M3: 0.7, M4: 1 },
    relative: true,
  },
  { title: 'Hv: 2 threads ÷ 1', above: 'hvp-kept 2', below: 'hvp-kept', limits: {} },
];

/** Without fused multiply-add the bounds are 1.3 times as far. */
const WITHOUT_FMA = 1.3;

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const show = ({ median, low, high }: Spread) => `${number(median)} (${number(low)}–${number(high)})`;

/** The issue's table: medians of ratios within a round, quartiles in brackets, and whether the bound holds. */
export function modelTable(results: ReadonlyMap<BenchModel, Rounds>, fused: boolean): string[] {
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
  return lines;
}

/** The same ratios between the fastest rounds of either side. */
export function fastestTable(results: ReadonlyMap<BenchModel, Rounds>): string[] {
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
  return lines;
}

/** Medians in milliseconds, for orientation: they depend on what else the machine does. */
export function timesTable(results: ReadonlyMap<BenchModel, Rounds>): string[] {
  const names = new Set([...results.values()].flatMap((times) => [...times.keys()]));
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = [
    row(['ms', ...[...results.keys()].map((model) => model.name)]),
    `|---|${'---|'.repeat(results.size)}`,
  ];
  for (const name of names) {
    const cells = [...results.values()].map((times) => {
      const values = times.get(name);
      return values === undefined ? '' : number(spread(values).median);
    });
    lines.push(row([rowTitle(name), ...cells]));
  }
  return lines;
}

/** `avx22 hvp-kept` in words. */
function rowTitle(name: string): string {
  const [, instructions, torchThreads] = /^(native|avx2)(\d+) /.exec(name) ?? [];
  const [, what = '', threads] = /(?:^(?:native|avx2)\d+ )?(.*?)(?: (\d+))?$/.exec(name) ?? [];
  const count = torchThreads ?? threads ?? '1';
  const title = what.replace('hvp-kept', 'Hv').replace('hvp-rebuilt', 'Hv rebuilt');
  const who =
    instructions === undefined ? '' : instructions === 'avx2' ? 'PyTorch held to AVX2, ' : 'PyTorch, ';
  return `${who}${title}${count === '1' ? '' : `, ${count} threads`}`;
}

/** GFLOP/s, counted by the direct formula also where Winograd multiplies less, beside two yardsticks. */
export function kernelTable(rows: readonly KernelRow[], times: Rounds): string[] {
  const rate = (name: string, gflop: number) =>
    spread((times.get(name) ?? []).map((ms) => (1000 * gflop) / ms));
  const relative = (name: string, gflop: number, yardstick: string) => {
    const mine = times.get(name) ?? [];
    const theirs = times.get(yardstick) ?? [];
    const base = YARDSTICK_GFLOP[yardstick] ?? NaN;
    return number(spread(mine.map((ms, i) => gflop / ms / (base / (theirs[i] ?? NaN)))).median);
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
      relative(name, gflop, XNNPACK),
      relative(name, gflop, MICRO),
    ];
    lines.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  return lines;
}
