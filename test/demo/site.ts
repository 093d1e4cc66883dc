import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, preview } from 'vite';

/** The live page as `npm run build:demo` makes it, on a server of its own. */
export interface Site {
  readonly url: string;
  /** The files that were asked for so far. */
  readonly served: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Builds the page and serves it. What is tested is what visitors get, and nothing is compiled while it is tested. */
export async function serveDemo(headers: Record<string, string> = {}): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'curvature-demo-'));
  const config = { configFile: 'vite.demo.config.ts', logLevel: 'error' as const };
  await build({ ...config, build: { outDir } });
  const served = new Set<string>();
  const note = (url: string): void => {
    const path = new URL(url, 'http://localhost').pathname;
    const file = join(outDir, path === '/' ? 'index.html' : path);
    if (existsSync(file)) served.add(file);
  };
  const server = await preview({
    ...config,
    build: { outDir },
    preview: { port: 0, headers },
    plugins: [
      {
        name: 'notes what is served',
        configurePreviewServer: ({ middlewares }) => {
          middlewares.use((request, _, next) => {
            note(request.url!);
            next();
          });
        },
      },
    ],
  });
  return {
    url: server.resolvedUrls!.local[0]!,
    served,
    close: async () => {
      await server.close();
      await rm(outDir, { recursive: true });
    },
  };
}
