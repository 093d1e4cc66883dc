import type { Cut, ParameterOf, Split, Splits } from './split.js';

/** Multiply–adds that a thread does while it reads or writes a number in memory. */
const MEMORY = 4;
/** The same for tanh and its slope. */
const EXPONENTIAL = 24;

/** Rows of C, or columns: where less has to be packed again for each chunk. */
function cutProduct(call: Readonly<Record<ParameterOf<'gemm'>, number>>): Cut<ParameterOf<'gemm'>> | null {
  const { lda, transposeA, ldb, transposeB, ldc, m, n, accumulate } = call;
  if (accumulate !== 0) return null;
  const packed = { byRows: n, byColumns: transposeA === 0 ? 0 : m };
  const hasColumns = n >= 32;
  if (m >= 16 && (!hasColumns || packed.byRows < packed.byColumns)) {
    return { size: 'm', grain: 4, moves: { a: transposeA === 0 ? 4 * lda : 4, c: 4 * ldc } };
  }
  return { size: 'n', grain: 8, moves: { b: transposeB === 0 ? 4 : 4 * ldb, c: 4 } };
}

/** A sum, difference or product: by columns where there is one row, else by rows. */
const elementwise: Split<ParameterOf<'addRows'>> = {
  work: ({ rows, cols }) => MEMORY * rows * cols,
  cut: ({ aRow, bRow, rows, cols }) =>
    rows === 1
      ? { size: 'cols', grain: 4, moves: { a: 4, b: 4, out: 4 } }
      : { size: 'rows', grain: cols === 1 ? 4 : 1, moves: { a: aRow, b: bRow, out: 4 * cols } },
  chunksPerThread: 1,
};

/** A function of each number that takes as long as `cost` multiply–adds. */
const pointwise = (cost: number): Split<'x' | 'y' | 'n'> => ({
  work: ({ n }) => cost * n,
  cut: () => ({ size: 'n', grain: 4, moves: { x: 4, y: 4 } }),
  chunksPerThread: 1,
});

type PoolSize = 'batch' | 'c' | 'd' | 'h' | 'w' | 'od' | 'oh' | 'ow' | 'kd' | 'kh' | 'kw';

/** Pooling, by images: some addresses of inputs, some of outputs. */
const pooling = <P extends string>(inputs: P[], outputs: P[]): Split<P | PoolSize> => ({
  work: ({ batch, c, od, oh, ow, kd, kh, kw }) => 2 * batch * c * od * oh * ow * kd * kh * kw,
  cut: ({ c, d, h, w, od, oh, ow }) => {
    const moves: Record<string, number> = {};
    for (const name of inputs) moves[name] = 4 * c * d * h * w;
    for (const name of outputs) moves[name] = 4 * c * od * oh * ow;
    return { size: 'batch', grain: 1, moves: moves as { [Name in P | PoolSize]?: number } };
  },
  chunksPerThread: 2,
});

interface Steps {
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly dh: number;
  readonly dw: number;
}

/** Bytes of the input, with `channels` of them, that `rows` rows of output reach, with zeros where it hangs over the edge. */
function paddedBytes({ ow, kh, kw, sh, sw, dh, dw }: Steps, rows: number, channels: number): number {
  return 4 * channels * ((rows - 1) * sh + (kh - 1) * dh + 1) * ((ow - 1) * sw + (kw - 1) * dw + 1);
}

const eights = (n: number): number => (n + 7) & ~7;

/**
 * The compiled functions that are divided. Functions that change what they read are not among them: a chunk that a helper has
 * left half done could not be done again.
 */
export const splits: Splits = {
  gemm: {
    work: ({ m, n, k }) => m * n * k,
    cut: cutProduct,
    chunksPerThread: 2,
    scratch: (_call, { gemmScratchBytes }) => ({ scratch: gemmScratchBytes() }),
  },
  winogradConvolve: {
    work: ({ c, co, oh, ow, batch }) => 4 * c * co * oh * ow * batch,
    cut: ({ h, w, c, oh, ow, co }) => ({
      ...{ size: 'batch', grain: 1 },
      moves: { src: 4 * h * w * c, dst: 4 * oh * ow * co },
    }),
    chunksPerThread: 4,
    scratch: ({ block, c, co }, { winogradScratchBytes }) => ({
      scratch: winogradScratchBytes(block, c, co),
    }),
  },
  winogradFilterGradient: {
    work: ({ c, co, oh, ow, batch }) => 4 * c * co * oh * ow * batch,
    cut: ({ h, w, c, oh, ow, co }) => ({
      ...{ size: 'batch', grain: 1 },
      moves: { src: 4 * h * w * c, dy: 4 * oh * ow * co },
      sum: { at: 'acc', bytes: 64 * c * co, adds: true },
    }),
    chunksPerThread: 4,
    scratch: ({ block, c, co }, { winogradScratchBytes }) => ({
      scratch: winogradScratchBytes(block, c, co),
    }),
    sums: true,
  },
  convolve: {
    work: ({ c, kh, kw, oh, ow, co, batch }) => c * kh * kw * oh * ow * co * batch,
    cut: ({ srcImage, dstImage, flags }) =>
      flags === 0 ? { size: 'batch', grain: 1, moves: { src: srcImage, dst: dstImage } } : null,
    chunksPerThread: 4,
    scratch: (call) => ({ scratch: call.inside === 0 ? paddedBytes(call, call.band, call.c) : 0 }),
  },
  convolveNarrow: {
    work: ({ c, kh, kw, oh, ow, co, batch }) => 2 * c * kh * kw * oh * ow * co * batch,
    cut: ({ srcImage, dstImage, flags }) =>
      flags === 0 ? { size: 'batch', grain: 1, moves: { src: srcImage, dst: dstImage } } : null,
    chunksPerThread: 4,
    scratch: ({ c, co, ow, kh, kw, dh, dw, band }, { narrowScratchBytes }) => ({
      scratch: narrowScratchBytes(c, co, ow, kh, kw, dh, dw, band),
    }),
  },
  filterGradient: {
    work: ({ c, kh, kw, oh, ow, co, batch }) => c * kh * kw * oh * ow * co * batch,
    cut: ({ srcImage, dyImage, kh, kw, c, co }) => ({
      ...{ size: 'batch', grain: 1 },
      moves: { src: srcImage, dy: dyImage },
      sum: { at: 'acc', bytes: 4 * kh * kw * c * eights(co), adds: true },
    }),
    chunksPerThread: 4,
    scratch: (call) => ({
      panels: eights(call.co) === call.co ? 0 : 4 * call.band * call.ow * eights(call.co),
      scratch: call.inside === 0 ? paddedBytes(call, call.band, call.c) : 0,
    }),
    sums: true,
  },
  depthwise: {
    work: ({ c, mult, oh, ow, kh, kw, batch }) => 2 * c * mult * oh * ow * kh * kw * batch,
    cut: ({ h, w, c, mult, oh, ow }) => ({
      ...{ size: 'batch', grain: 1 },
      moves: { x: 4 * h * w * c, y: 4 * oh * ow * c * mult },
    }),
    chunksPerThread: 2,
    scratch: (call) => ({ scratch: call.inside === 0 ? paddedBytes(call, call.oh, call.c * call.mult) : 0 }),
  },
  depthwiseInputGradient: {
    work: ({ c, mult, oh, ow, kh, kw, batch }) => 2 * c * mult * oh * ow * kh * kw * batch,
    cut: ({ h, w, c, mult, oh, ow }) => ({
      ...{ size: 'batch', grain: 1 },
      moves: { dy: 4 * oh * ow * c * mult, dx: 4 * h * w * c },
    }),
    chunksPerThread: 2,
    scratch: (call) => ({ scratch: paddedBytes(call, call.oh, call.c * call.mult) }),
  },
  depthwiseFilterGradient: {
    work: ({ c, mult, oh, ow, kh, kw, batch }) => 2 * c * mult * oh * ow * kh * kw * batch,
    cut: ({ h, w, c, mult, oh, ow, kh, kw }) => ({
      ...{ size: 'batch', grain: 1 },
      moves: { x: 4 * h * w * c, dy: 4 * oh * ow * c * mult },
      sum: { at: 'gradient', bytes: 4 * kh * kw * c * mult, adds: true },
    }),
    chunksPerThread: 2,
    scratch: (call) => ({ scratch: call.inside === 0 ? paddedBytes(call, call.oh, call.c * call.mult) : 0 }),
    sums: true,
  },
  pool: pooling(['x'], ['y']),
  maxPoolGradient: pooling(['x', 'dx'], ['dy']),
  averagePoolGradient: pooling(['dx'], ['dy']),
  addRows: elementwise,
  subtractRows: elementwise,
  multiplyRows: elementwise,
  multiplyNoNanRows: elementwise,
  tanh: pointwise(EXPONENTIAL),
  logisticSlope: pointwise(EXPONENTIAL),
  clip: pointwise(MEMORY),
  relu: pointwise(MEMORY),
  step: pointwise(MEMORY),
  sumTrailing: {
    work: ({ rows, cols }) => MEMORY * rows * cols,
    cut: ({ cols }) => ({ size: 'rows', grain: 1, moves: { src: 4 * cols, dst: 4 } }),
    chunksPerThread: 1,
  },
  sumMiddle: {
    work: ({ outer, rows, cols }) => MEMORY * outer * rows * cols,
    cut: ({ outer, rows, cols }) =>
      outer > 1
        ? { size: 'outer', grain: 1, moves: { src: 4 * rows * cols, dst: 4 * cols } }
        : {
            ...{ size: 'rows', grain: 128, moves: { src: 4 * cols } },
            sum: { at: 'dst', bytes: 4 * cols, adds: false },
          },
    chunksPerThread: 1,
    sums: true,
  },
  combineRows: {
    work: ({ count, n, m }) => MEMORY * count * n * m,
    cut: () => ({ size: 'n', grain: 4, moves: { first: 1 } }),
    chunksPerThread: 2,
  },
  dotRows: {
    work: ({ count, len }) => MEMORY * count * len,
    // Without a stride, `rows` is a list of addresses.
    cut: ({ stride }) => ({ size: 'count', grain: 4, moves: { rows: stride === 0 ? 4 : stride, y: 4 } }),
    chunksPerThread: 1,
  },
  addRowDots: {
    work: ({ count, len }) => MEMORY * count * len,
    cut: ({ count }) => ({
      ...{ size: 'len', grain: 16, moves: { matrix: 4, x: 4 } },
      sum: { at: 'y', bytes: 4 * count, adds: true },
    }),
    chunksPerThread: 1,
    sums: true,
  },
  combineWithRows: {
    work: ({ count, len }) => MEMORY * (count + 2) * len,
    cut: ({ y }) => ({
      ...{ size: 'len', grain: 16 },
      moves: { x: 4, matrix: 4, out: 4, ...(y === 0 ? {} : { y: 4 }) },
    }),
    chunksPerThread: 1,
  },
};
