import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** A process of the command. */
export interface WorkerProcess {
  readonly process: ChildProcess;
  /** What it has said. */
  log(): string;
  /** Fulfilled when it has said so. */
  said(text: string): Promise<void>;
  /** Its exit status. */
  readonly exit: Promise<number | null>;
}

/** The command, compiled. */
export interface WorkerCommand {
  start(args: readonly string[], env?: Readonly<Record<string, string>>): WorkerProcess;
  /** Ends what still runs, and removes what was compiled. */
  dispose(): Promise<void>;
}

export async function compileCommand(): Promise<WorkerCommand> {
  const root = join(import.meta.dirname, '../..');
  const out = join(root, 'out');
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'worker-command-'));
  await build({
    entryPoints: ['main', 'session-thread'].map((name) => join(root, 'src/worker-command', `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    alias: Object.fromEntries(
      ['nats', 'workers', 'wasm'].map((door) => [
        `tfjs-curvature/${door}`,
        join(root, 'src', door, 'index.ts'),
      ]),
    ),
    platform: 'node',
    format: 'esm',
  });
  const running: WorkerProcess[] = [];
  return {
    start: (args, env = {}) => {
      const child = spawn(process.execPath, [join(folder, 'main.mjs'), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      });
      let log = '';
      const waiting = new Set<() => void>();
      const hear = (data: Buffer): void => {
        log += data.toString();
        for (const look of waiting) look();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
      const started: WorkerProcess = {
        process: child,
        log: () => log,
        said: (text) =>
          new Promise((resolve, reject) => {
            const look = (): void => {
              if (!log.includes(text)) return;
              waiting.delete(look);
              resolve();
            };
            waiting.add(look);
            look();
            void exit.then(() => reject(new Error(`ended without '${text}': ${log}`)));
          }),
        exit,
      };
      running.push(started);
      return started;
    },
    dispose: async () => {
      for (const { process: child } of running) child.kill('SIGKILL');
      await Promise.all(running.map(({ exit }) => exit));
      rmSync(folder, { recursive: true });
    },
  };
}
