import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from './clock.js';
import { spread } from './interleave.js';

/** What keeps PyTorch from instructions that WebAssembly cannot use. */
const AVX2 = { ATEN_CPU_CAPABILITY: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2' };

/** Which instructions PyTorch may use: all that the machine has, or those up to AVX2. */
export type Instructions = 'native' | 'avx2';

/** A PyTorch process that times one thing when asked, so that its runs interleave with ours. */
export class TorchWorker {
  /** Its version and the instructions that it uses. */
  description = '';
  private readonly answers: AsyncIterator<string>;

  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    readonly threads: number,
    readonly instructions: Instructions,
  ) {
    this.answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param script path of torch-worker.py
   * @returns null where there is no python with torch
   */
  static async start(
    script: string,
    threads: number,
    clock: Clock,
    instructions: Instructions = 'native',
  ): Promise<TorchWorker | null> {
    for (const python of ['/usr/bin/python3', 'python3']) {
      const env = { ...process.env, ...(instructions === 'avx2' ? AVX2 : {}) };
      const child = spawn(python, [script, String(threads), clock], { stdio: 'pipe', env });
      // A missing python is told by the stream that ends; this only keeps the event from being thrown.
      child.on('error', () => undefined);
      child.stderr.resume();
      const worker = new TorchWorker(child, threads, instructions);
      const first = await worker.answers.next();
      if (first.done !== true && first.value.startsWith('ready')) {
        worker.description = first.value.replace('ready ', '');
        return worker;
      }
      child.kill();
    }
    return null;
  }

  /** Milliseconds of `what` of a model, the median of `repeats` runs. */
  async time(model: string, what: string, repeats: number): Promise<number> {
    this.process.stdin.write(`${model} ${what} ${repeats}\n`);
    const answer = await this.answers.next();
    if (answer.done === true) throw new Error(`torch-worker.py ended while timing ${what} of ${model}`);
    return spread(answer.value.split(' ').map(Number)).median;
  }

  stop(): void {
    this.process.stdin.end();
  }
}
