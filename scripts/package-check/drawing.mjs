// Draws pictures from a scratch project, once it has the optional packages for it. Comes last: the checks before it
// are of projects that lack them.

import { join } from 'node:path';
import { bundledPages } from './bundled-pages.mjs';
import { separatePackages } from './consumers.mjs';
import { pageInBrowser } from './page-in-browser.mjs';
import { drawingPrograms, drawnInPage } from './programs.mjs';
import { run } from './run.mjs';
import { install, writeAll } from './scratch-project.mjs';

export async function drawing({ scratch, check }) {
  const cwd = join(scratch, separatePackages);
  const installed = await check('plot: npm install vega vega-lite @resvg/resvg-js', async () => {
    await install(['vega@^6.4.0', 'vega-lite@~6.4.3', '@resvg/resvg-js@^2.6.2'], cwd);
    writeAll(drawingPrograms, cwd);
  });
  if (!installed) return;
  await check('plot: ESM', () => run('node', ['draw.mjs'], { cwd }));
  await check('plot: CommonJS', () => run('node', ['draw.cjs'], { cwd }));
  // A bundler cannot read the binary of @resvg/resvg-js, and has no need to: a page draws SVG.
  for (const [name, way] of Object.entries(bundledPages(drawnInPage))) {
    await pageInBrowser(`plot, ${name}`, way)({ scratch, check });
  }
}
