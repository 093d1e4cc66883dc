import { playwright } from '@vitest/browser-playwright';
import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import { chromiumFlags, findChromium } from './scripts/chromium.mjs';
import { longestWait } from './scripts/open-page.mjs';
import type { BrowserBackend } from './test/browser/backend.js';

/** A page has SharedArrayBuffer, and with it threads in WASM, only under these two headers. */
const crossOriginIsolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * The tests under test/browser, all of them once for each backend, in a Chromium that is already on this machine.
 *
 * @param name of the project
 */
export const inBrowser = (name: string, backends: readonly BrowserBackend[]): ViteUserConfig => ({
  server: { headers: crossOriginIsolation },
  optimizeDeps: {
    include: [
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-layers',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgl',
      '@tensorflow/tfjs-backend-webgpu',
      'comlink',
      'ml-matrix',
    ],
  },
  test: {
    name,
    include: ['test/browser/**/*.test.ts'],
    testTimeout: longestWait,
    hookTimeout: longestWait,
    teardownTimeout: 120_000,
    retry: process.env.CI == null ? 0 : 1,
    fileParallelism: false,
    // One page for all files of a backend: loading it takes longer than most tests.
    isolate: false,
    sequence: { groupOrder: 1 },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: findChromium() ?? undefined,
          args: chromiumFlags,
          timeout: longestWait,
        },
      }),
      connectTimeout: longestWait,
      instances: backends.map((backend) => ({
        browser: 'chromium' as const,
        name: backend,
        provide: { backend },
      })),
    },
  },
});

/** What `npm run test:browser` runs: all backends. */
export default defineConfig(inBrowser('browser', ['cpu', 'wasm', 'wasm-threaded', 'webgl', 'webgpu']));
