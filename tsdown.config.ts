import { defineConfig } from 'tsdown';

const doors = defineConfig({
  entry: {
    index: 'src/index.ts',
    'wasm/index': 'src/wasm/index.ts',
    'plot/index': 'src/plot/index.ts',
    'workers/index': 'src/workers/index.ts',
    'nats/index': 'src/nats/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  sourcemap: true,
  clean: true,
  // What rolldown needs at run time has a file of its own: it would else stand in one of the entry points, which exports it.
  outputOptions: { codeSplitting: { groups: [{ name: 'runtime', test: /rolldown.runtime/ }] } },
  outExtensions: ({ format }) => ({ js: format === 'cjs' ? '.cjs' : '.mjs' }),
});

/** The command: programs of their own, which import the doors as anyone does. */
const command = defineConfig({
  entry: {
    'worker-command/main': 'src/worker-command/main.ts',
    'worker-command/session-thread': 'src/worker-command/session-thread.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: false,
  external: [/^tfjs-curvature/],
  outputOptions: { banner: '#!/usr/bin/env node' },
  outExtensions: () => ({ js: '.mjs' }),
});

export default [doors, command];
