import { parameters, type WasmFunctions } from '../functions.js';
import type { Heap } from '../heap.js';
import { BREAK_EVEN, WORK_PER_PARTIAL_SUM } from './break-even.js';
import { MOST_CHUNKS } from './control-block.js';
import { runChunk, type Compiled, type Job } from './job.js';
import type { FunctionName, Split } from './split.js';
import { splits } from './splits.js';
import type { ThreadPool } from './thread-pool.js';

/** Most sums of chunks: what 8 threads need to share the work well. */
const MOST_PARTIAL_SUMS = 16;
/** Distance that keeps what two threads write out of each other's cache lines. */
const LINE = 64;

/** The arguments of a call by their names. */
type Call = Readonly<Record<string, number>>;

/**
 * The compiled functions, those in the table divided among the threads of `pool` where they have enough to do. Without a pool
 * as they are, but for sums: they are made of the same parts for any number of threads.
 */
export function splitFunctions(compiled: WasmFunctions, heap: Heap, pool: ThreadPool | null): WasmFunctions {
  const functions = { ...compiled } as Record<FunctionName, Compiled>;
  const exported = Object.keys(compiled);
  for (const [name, split] of Object.entries(splits) as [FunctionName, Split<string>][]) {
    if (pool == null && split.sums == null) continue;
    functions[name] = divide(name, exported.indexOf(name), split, compiled, heap, pool);
  }
  return functions as unknown as WasmFunctions;
}

function divide(
  name: FunctionName,
  index: number,
  split: Split<string>,
  functions: WasmFunctions,
  heap: Heap,
  pool: ThreadPool | null,
): Compiled {
  const compiled = functions[name] as Compiled;
  const names: readonly string[] = parameters[name];
  const place = (parameter: string): number => names.indexOf(parameter);
  const call = new CallByName(names);
  return (...args) => {
    call.args = args;
    const named = call as unknown as Call;
    const work = split.work(named);
    if (work < BREAK_EVEN) return compiled(...args);
    const cut = split.cut(named);
    if (cut == null) return compiled(...args);
    const size = named[cut.size] ?? 0;
    const { sum } = cut;
    if (pool == null && sum == null) return compiled(...args);
    const sumBytes = sum?.bytes ?? 0;
    const most =
      sum == null
        ? (pool?.threads ?? 1) * split.chunksPerThread
        : Math.min(MOST_PARTIAL_SUMS, work / (WORK_PER_PARTIAL_SUM * (sumBytes / 4)));
    const step = stepOf(size, cut.grain, Math.min(most, MOST_CHUNKS, work / (BREAK_EVEN / 4)));
    const chunks = Math.ceil(size / step);
    if (!(chunks > 1)) return compiled(...args);
    const advances = Object.entries(cut.moves).map(
      ([parameter, bytes]) => [place(parameter), (bytes ?? 0) * step] as const,
    );
    const scratch = Object.entries(pool == null ? {} : (split.scratch?.(named, functions) ?? {}));
    const own = scratch.map(([parameter, bytes]) => [place(parameter), lines(bytes ?? 0)] as const);
    const ownBytes = own.reduce((total, [, bytes]) => total + bytes, 0);
    const helperBytes = (pool?.places ?? 0) * ownBytes;
    const stride = lines(sumBytes);
    const block = heap.threadScratch(helperBytes + (pool == null ? 1 : chunks) * stride);
    let first = block;
    const blocks = own.map(([argument, bytes]) => {
      const at = [argument, first, ownBytes] as const;
      first += bytes;
      return at;
    });
    const job = { index, args, sizeAt: place(cut.size), step, size, chunks, advances, blocks, clear: null };
    if (sum == null) pool?.run(job);
    else
      addUp(job, { at: place(sum.at), bytes: sumBytes, adds: sum.adds, first: block + helperBytes, stride });
    return undefined;
  };

  /** Runs a job whose chunks have sums of their own and adds them up. */
  function addUp(
    job: Job,
    {
      at,
      bytes,
      adds,
      first,
      stride,
    }: { at: number; bytes: number; adds: boolean; first: number; stride: number },
  ): void {
    const target = job.args[at] ?? 0;
    const args = [...job.args];
    args[at] = first;
    const partial: Job = { ...job, args, clear: adds ? [at, bytes] : null };
    if (!adds) heap.clearBytes(target, bytes);
    const add = (from: number) => functions.addRows(target, 0, from, 0, target, 1, bytes / 4);
    if (pool == null) {
      for (let chunk = 0; chunk < job.chunks; chunk++) {
        runChunk(partial, chunk, compiled, heap.memory);
        add(first);
      }
      return;
    }
    pool.run({ ...partial, advances: [...job.advances, [at, stride]] });
    for (let chunk = 0; chunk < job.chunks; chunk++) add(first + chunk * stride);
  }
}

/** Whole grains for at most so many chunks; Infinity for one. */
function stepOf(size: number, grain: number, chunks: number): number {
  const grains = Math.ceil(size / grain);
  return chunks >= 1 ? Math.ceil(grains / Math.min(Math.floor(chunks), grains)) * grain : Infinity;
}

function lines(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}

/** Shows the arguments of one call after another under the names of the parameters, without an object for each. */
class CallByName {
  args: readonly number[] = [];

  constructor(names: readonly string[]) {
    names.forEach((name, i) => Object.defineProperty(this, name, { get: () => this.args[i] }));
  }
}
