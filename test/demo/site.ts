import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';

/** The live page as `npm run build:demo` makes it, on a server of its own. */
export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** Builds the page and serves it. What is tested is what visitors get, and nothing is compiled while it is tested. */
export async function serveDemo(): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'curvature-demo-'));
  const config = { configFile: 'vite.demo.config.ts', logLevel: 'error' as const };
  await build({ ...config, build: { outDir } });
  const server = await preview({ ...config, build: { outDir }, preview: { port: 0 } });
  return {
    url: server.resolvedUrls!.local[0]!,
    close: async () => {
      await server.close();
      await rm(outDir, { recursive: true });
    },
  };
}
