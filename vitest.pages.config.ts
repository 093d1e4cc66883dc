import { defineConfig } from 'vitest/config';
import { inBrowser } from './vitest.browser.config.js';

/** Those of the tests in a browser that `npm test` runs: cpu and wasm without threads take the same tables in Node. */
export default defineConfig(inBrowser('pages', ['wasm-threaded', 'webgl', 'webgpu']));
