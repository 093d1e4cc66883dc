import { defineConfig, type UserConfig } from 'tsdown';

const shared: UserConfig = { target: 'es2022', sourcemap: true };

/** What npm users import. */
const doors: UserConfig = {
  ...shared,
  entry: {
    index: 'src/index.ts',
    'wasm/index': 'src/wasm/index.ts',
    'plot/index': 'src/plot/index.ts',
    'workers/index': 'src/workers/index.ts',
    'nats/index': 'src/nats/index.ts',
  },
  format: ['esm', 'cjs'],
  platform: 'neutral',
  dts: true,
  clean: true,
  // What rolldown needs at run time has a file of its own: it would else stand in one of the entry points, which exports it.
  outputOptions: { codeSplitting: { groups: [{ name: 'runtime', test: /rolldown.runtime/ }] } },
  outExtensions: ({ format }) => ({ js: format === 'cjs' ? '.cjs' : '.mjs' }),
};

/** The command: programs of their own, which import the doors as anyone does. */
const command: UserConfig = {
  ...shared,
  entry: {
    'worker-command/main': 'src/worker-command/main.ts',
    'worker-command/session-thread': 'src/worker-command/session-thread.ts',
  },
  format: 'esm',
  platform: 'node',
  dts: false,
  clean: false,
  external: [/^tfjs-curvature/],
  outputOptions: { banner: '#!/usr/bin/env node' },
  outExtensions: () => ({ js: '.mjs' }),
};

/** What a page loads by a <script> tag behind tf.min.js: one file that defines `tfCurvature`. */
const global: UserConfig = {
  ...shared,
  entry: { 'tf-curvature': 'scripts/global.ts' },
  format: 'iife',
  globalName: 'tfCurvature',
  platform: 'neutral',
  minify: true,
  sourcemap: false,
  dts: false,
  clean: false,
  deps: { alwaysBundle: ['ml-matrix'], neverBundle: [/^@tensorflow\//] },
  outputOptions: {
    globals: { '@tensorflow/tfjs-core': 'tf', '@tensorflow/tfjs-layers': 'tf' },
    entryFileNames: '[name].min.js',
  },
};

export default defineConfig([doors, command, global]);
