import { JOB, type ControlBlock } from './control-block.js';

/** A function of the compiled module, whichever. */
export type Compiled = (...args: number[]) => number | undefined;

/**
 * One call of a compiled function, divided: chunk number i calls it with the arguments changed as said here. Chunks write
 * to different places and read nothing that another writes, so any order gives the same result, and a chunk that was left
 * half done can be done again.
 */
export interface Job {
  /** The function's number among the module's exports. */
  readonly index: number;
  readonly args: readonly number[];
  /** Which argument is divided, how much of it a chunk has, and how much there is. */
  readonly sizeAt: number;
  readonly step: number;
  readonly size: number;
  readonly chunks: number;
  /** Addresses that move on by so many bytes from one chunk to the next. */
  readonly advances: readonly (readonly [argument: number, bytes: number])[];
  /** Scratch: where the first helper has its own, and how far the others' lie apart. The calling thread uses what `args` say. */
  readonly blocks: readonly (readonly [argument: number, first: number, stride: number])[];
  /** What a chunk sets to zero before it adds to it. */
  readonly clear: readonly [argument: number, bytes: number] | null;
}

/** Writes a job to where helpers read it. No chunk of another may be left to take. */
export function writeJob({ job: numbers }: ControlBlock, job: Job): void {
  numbers[JOB.function] = job.index;
  numbers[JOB.arguments] = job.args.length;
  numbers[JOB.sizeAt] = job.sizeAt;
  numbers[JOB.step] = job.step;
  numbers[JOB.size] = job.size;
  numbers[JOB.clearAt] = job.clear?.[0] ?? -1;
  numbers[JOB.clearBytes] = job.clear?.[1] ?? 0;
  numbers[JOB.advances] = job.advances.length;
  numbers[JOB.blocks] = job.blocks.length;
  let at: number = JOB.first;
  for (const value of job.args) numbers[at++] = value;
  for (const advance of job.advances) for (const value of advance) numbers[at++] = value;
  for (const block of job.blocks) for (const value of block) numbers[at++] = value;
}

/** Does one chunk on the calling thread. */
export function runChunk(job: Job, chunk: number, compiled: Compiled, memory: WebAssembly.Memory): void {
  const args = [...job.args];
  for (const [argument, bytes] of job.advances) args[argument] = (args[argument] ?? 0) + chunk * bytes;
  args[job.sizeAt] = Math.min(job.step, job.size - chunk * job.step);
  if (job.clear != null) {
    const [argument, bytes] = job.clear;
    new Uint8Array(memory.buffer, args[argument], bytes).fill(0);
  }
  compiled(...args);
}
