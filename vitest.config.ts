import { defineConfig } from 'vitest/config';
import { nodeProjects } from './vitest.projects.js';

/** The tests in Node: what `npx vitest run PATH` runs. */
export default defineConfig({ test: { projects: nodeProjects } });
