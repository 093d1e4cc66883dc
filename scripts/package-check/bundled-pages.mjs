// A page's program as Vite, webpack, esbuild and Next make a page of it.

import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import webpack from 'webpack';
import { html } from './page-in-browser.mjs';
import { run } from './run.mjs';
import { install } from './scratch-project.mjs';

const script = (file) => html(`<script type="module" src="${file}"></script>`);

/** Runs webpack to its end; rejects with what it found wrong. */
function bundleWithWebpack(options) {
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      if (error != null) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ colors: false })));
      else resolve();
    });
  });
}

/**
 * How each bundler makes a page of a program, by the name of the bundler.
 *
 * @param code imports and functions
 * @param effect what the page then does: a component does it when it is in the browser
 */
export const bundledPages = ({ code, effect }) => {
  const program = code + effect;
  return {
    vite: {
      files: { 'index.html': script('/main.js'), 'main.js': program },
      out: 'dist',
      bundle: (root) => vite({ root, logLevel: 'silent', configFile: false }),
    },
    webpack: {
      files: { 'main.js': program, 'dist/index.html': script('main.js') },
      out: 'dist',
      bundle: (root) =>
        bundleWithWebpack({
          mode: 'production',
          // Shortening names takes ten times as long as all the rest.
          optimization: { minimize: false },
          context: root,
          entry: './main.js',
          output: { path: join(root, 'dist') },
        }),
    },
    esbuild: {
      files: { 'main.js': program, 'dist/index.html': script('main.js') },
      out: 'dist',
      bundle: (root) =>
        esbuild({
          entryPoints: [join(root, 'main.js')],
          outdir: join(root, 'dist'),
          bundle: true,
          minify: true,
          format: 'esm',
          logLevel: 'silent',
        }),
    },
    // The page is rendered once on the server, where the package is imported too, and computes in the browser.
    next: {
      files: {
        'app/layout.jsx': `
          export default ({ children }) => <html lang="en"><body>{children}</body></html>;`,
        'app/page.jsx': `'use client';
          import { useEffect } from 'react';
          ${code}
          export default function Page() {
            useEffect(() => {${effect}}, []);
            return null;
          }`,
        'next.config.mjs': `
          import { resolve } from 'node:path';
          export default { output: 'export', turbopack: { root: resolve('..') } };`,
      },
      out: 'out',
      bundle: async (root) => {
        await install(['next@^16', 'react@^19', 'react-dom@^19'], join(root, '..'));
        const variables = { NEXT_TELEMETRY_DISABLED: '1' };
        await run('node', ['../node_modules/next/dist/bin/next', 'build'], { cwd: root, variables });
      },
    },
  };
};
