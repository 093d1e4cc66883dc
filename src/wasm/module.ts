import { relaxedSimdBinary, simdBinary } from './binaries.js';

/** The functions of the compiled module. Pointers and strides are bytes, everything else counts elements. */
export interface WasmFunctions {
  packRows(src: number, rowStride: number, k: number, n: number, dst: number, panelStride: number): void;
  packTransposed(
    src: number,
    rowStride: number,
    k: number,
    n: number,
    dst: number,
    panelStride: number,
  ): void;
  tile(...args: TileArguments): void;
  gemmScratchBytes(): number;
  gemm(
    a: number,
    lda: number,
    transposeA: number,
    b: number,
    ldb: number,
    transposeB: number,
    c: number,
    ldc: number,
    m: number,
    n: number,
    k: number,
    accumulate: number,
    scratch: number,
  ): void;
  dotRows(rows: number, stride: number, count: number, len: number, x: number, y: number): void;
  combineRows(
    rows: number,
    stride: number,
    count: number,
    len: number,
    weights: number,
    m: number,
    scale: number,
    base: number,
    y: number,
  ): void;
  convolve(...args: ConvolveArguments): void;
  filterGradient(...args: FilterGradientArguments): void;
  convolveNarrow(...args: ConvolveNarrowArguments): void;
  narrowScratchBytes(...args: NarrowScratchArguments): number;
  addBias(x: number, rows: number, cols: number, bias: number, relu: number): void;
  sumLeading(src: number, rows: number, cols: number, dst: number): void;
  sumTrailing(src: number, rows: number, cols: number, dst: number): void;
  segmentSum(src: number, ids: number, count: number, inner: number, dst: number, segments: number): void;
  firstOutside(indices: number, count: number, size: number): number;
  gather(src: number, indices: number, dst: number, ...sizes: GatherSizes): void;
  pool(x: number, y: number, ...pool: [...PoolArguments, average: number, least: number]): void;
  maxPoolGradient(x: number, dy: number, dx: number, ...pool: PoolArguments): void;
  averagePoolGradient(dy: number, dx: number, ...pool: PoolArguments): void;
  maxPoolWithArgmax(x: number, pooled: number, index: number, ...pool: Pool2DArguments): void;
  expandWindow(
    dst: number,
    src: number,
    h: number,
    w: number,
    c: number,
    mult: number,
    ...at: WindowAt
  ): void;
  depthwise(window: number, pw: number, filter: number, y: number, ...steps: DepthwiseSteps): void;
  depthwiseFilterGradient(window: number, pw: number, dy: number, dw: number, ...steps: DepthwiseSteps): void;
  depthwiseScatter(dy: number, filter: number, window: number, pw: number, ...steps: DepthwiseSteps): void;
  foldWindow(window: number, ph: number, pw: number, dx: number, ...image: FoldArguments): void;
  transpose(src: number, dst: number, rows: number, cols: number): void;
  winogradScratchBytes(tiles: number, c: number, co: number): number;
  winogradConvolve(...args: [...WinogradSource, filter: number, dst: number, ...WinogradEnd]): void;
  winogradFilterGradient(...args: [...WinogradSource, dy: number, ...WinogradGradientEnd]): void;
  transformFilter(g: number, tap: number, n: number, u: number, stride: number): void;
  transformFilterGradient(u: number, stride: number, n: number, g: number, tap: number): void;
  copyBlock(src: number, srcStride: number, rows: number, cols: number, dst: number, dstStride: number): void;
  repeatBlocks(src: number, blocks: number, n: number, times: number, dst: number): void;
  addRows(...args: RowArguments): void;
  subtractRows(...args: RowArguments): void;
  multiplyRows(...args: RowArguments): void;
  clip(x: number, y: number, n: number, low: number, high: number): void;
  tanh(x: number, y: number, n: number): void;
  logisticSlope(x: number, y: number, n: number, steepness: number, height: number): void;
}

type Source = [src: number, srcImage: number, h: number, w: number, c: number];
type Window = [top: number, left: number, inside: number];
type Steps = [kh: number, kw: number, sh: number, sw: number, dh: number, dw: number];

type WinogradSource = [src: number, h: number, w: number, c: number, top: number, left: number];
type WinogradEnd = [oh: number, ow: number, co: number, batch: number, block: number, scratch: number];
type WinogradGradientEnd = [
  oh: number,
  ow: number,
  co: number,
  acc: number,
  batch: number,
  block: number,
  scratch: number,
];
type GatherSizes = [batch: number, outer: number, size: number, count: number, slice: number];
type RowArguments = [
  a: number,
  aRow: number,
  b: number,
  bRow: number,
  out: number,
  rows: number,
  cols: number,
];
type Four = [number, number, number, number];
type TileArguments = [
  ...rows: Four,
  n1: number,
  s1: number,
  n2: number,
  s2: number,
  n: number,
  step: number,
  b: number,
  bStep: number,
  bPanel: number,
  ...out: Four,
  rows: number,
  cols: number,
  flags: number,
];
type WindowAt = [y0: number, x0: number, ph: number, pw: number];
type FoldArguments = [h: number, w: number, c: number, mult: number, top: number, left: number];
type DepthwiseSteps = [oh: number, ow: number, q: number, ...Steps];
type Triple = [depth: number, height: number, width: number];

/** Batch and channels, then by depth, height and width: input, output, taps, strides, dilations and pads. */
export type PoolArguments = [
  batch: number,
  channels: number,
  ...input: Triple,
  ...output: Triple,
  ...taps: Triple,
  ...strides: Triple,
  ...dilations: Triple,
  ...pads: Triple,
];

type Pool2DArguments = [
  batch: number,
  channels: number,
  h: number,
  w: number,
  oh: number,
  ow: number,
  ...Steps,
  top: number,
  left: number,
  batchInIndex: number,
];

/** Where the results of a convolution go, and what it works with. */
type Results = [
  dst: number,
  dstImage: number,
  dstRow: number,
  dstCol: number,
  oh: number,
  ow: number,
  co: number,
  batch: number,
  band: number,
  flags: number,
  scratch: number,
];

export type ConvolveArguments = [...Source, ...Window, packed: number, ...Steps, ...Results];

export type FilterGradientArguments = [
  ...Source,
  ...Window,
  dy: number,
  dyImage: number,
  oh: number,
  ow: number,
  co: number,
  ...Steps,
  acc: number,
  batch: number,
  band: number,
  panels: number,
  scratch: number,
];

type Taps = [kh: number, kw: number, dh: number, dw: number];
type NarrowScratchArguments = [c: number, co: number, ow: number, ...Taps, band: number];

type ConvolveNarrowArguments = [...Source, top: number, left: number, packed: number, ...Taps, ...Results];

/** Which instructions the kernels use: fused multiply-add of relaxed SIMD, or plain SIMD. */
export type InstructionSet = 'relaxed-simd' | 'simd';

/**
 * Compiles the kernels against tfjs's own memory, with the best instructions this engine validates. The module has no
 * data, stack or globals: nothing in that memory changes until a function is called.
 *
 * @returns null where the engine has no WebAssembly SIMD
 */
export async function instantiate(
  memory: WebAssembly.Memory,
): Promise<{ functions: WasmFunctions; instructions: InstructionSet } | null> {
  const candidates: [InstructionSet, string][] = [
    ['relaxed-simd', relaxedSimdBinary],
    ['simd', simdBinary],
  ];
  for (const [instructions, base64] of candidates) {
    const bytes = decode(base64);
    if (isShared(memory)) declareShared(bytes);
    if (!WebAssembly.validate(bytes)) continue;
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return { functions: instance.exports as unknown as WasmFunctions, instructions };
  }
  return null;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
}

/** `env`.`memory`, kind memory, limits with a maximum: the bytes of the one import up to its flags. */
const MEMORY_IMPORT = [3, ...bytesOf('env'), 6, ...bytesOf('memory'), 2, 1];

/**
 * tfjs's threaded binary has a shared memory, and an import has to say so. Loads and stores are the same instructions
 * on either, so setting the flag in the import section makes the one binary serve both. Our kernels run on
 * the calling thread only.
 */
function declareShared(bytes: Uint8Array): void {
  const at = bytes.findIndex((_, i) => MEMORY_IMPORT.every((byte, j) => bytes[i + j] === byte));
  if (at < 0) throw new Error('registerWasmTrainingKernels: the embedded module has no memory import');
  bytes[at + MEMORY_IMPORT.length - 1] = 3;
}

function bytesOf(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
