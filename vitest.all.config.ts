import { defineConfig } from 'vitest/config';
import { findChromium, noChromium } from './scripts/chromium.mjs';
import { nodeProjects } from './vitest.projects.js';

const hasBrowser = findChromium() != null;
if (!hasBrowser) process.stderr.write(`${noChromium}\n`);

/** What `npm test` runs: the tests in Node, and after them those in a browser, where there is one or CI demands it. */
export default defineConfig({
  test: {
    projects: [
      ...nodeProjects,
      ...(hasBrowser || process.env.CI != null ? ['./vitest.pages.config.ts'] : []),
    ],
  },
});
