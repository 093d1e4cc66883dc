import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/**
 * tfjs starts its threads from the source text of a function, which names a variable outside of it. A minifier renames that
 * variable, and the threads do not find it; a global name it leaves as it is.
 */
const threadsOfTfjs: Plugin = {
  name: 'threads-of-tfjs',
  transform: (code, id) =>
    id.endsWith('tfjs-backend-wasm-threaded-simd.js')
      ? { code: code.replace(/(var )?_scriptDir/g, 'globalThis._scriptDir'), map: null }
      : null,
};

/** The pages under demo/: `npm run demo` serves it, `npm run build:demo` makes static files of it in out/demo. */
export default defineConfig({
  root: fileURLToPath(new URL('demo', import.meta.url)),
  // Relative addresses, so that the files can lie in any folder of a server.
  base: './',
  build: {
    outDir: '../out/demo',
    emptyOutDir: true,
    target: 'es2022',
    rollupOptions: {
      input: ['index.html', 'lend.html'].map((page) =>
        fileURLToPath(new URL(`demo/${page}`, import.meta.url)),
      ),
    },
  },
  worker: { format: 'es', plugins: () => [threadsOfTfjs] },
  // What is only found when a worker starts or a figure is asked for would make the page load anew in the middle of it.
  optimizeDeps: {
    include: [
      '@nats-io/nats-core',
      '@nats-io/services',
      '@observablehq/plot',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgl',
      '@tensorflow/tfjs-backend-webgpu',
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-layers',
      'comlink',
      'ml-matrix',
      'uplot',
    ],
  },
});
