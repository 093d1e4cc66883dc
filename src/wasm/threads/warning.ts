import type { Threads } from './threads.js';

/** Says on the console, once for each time they are asked for, that there are fewer threads than asked, and why. */
export function warnOfFewer({ count, reason }: Threads, asked: number): void {
  if (reason === null) return;
  const have = count === 1 ? '1 thread' : `${count} threads`;
  console.warn(`registerWasmTrainingKernels: the kernels run on ${have}, not on ${asked}: ${reason}.`);
}
