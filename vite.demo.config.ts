import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The page under demo/: `npm run demo` serves it, `npm run build:demo` makes static files of it in out/demo. */
export default defineConfig({
  root: fileURLToPath(new URL('demo', import.meta.url)),
  // Relative addresses, so that the files can lie in any folder of a server.
  base: './',
  build: { outDir: '../out/demo', emptyOutDir: true, target: 'es2022' },
  worker: { format: 'es' },
});
