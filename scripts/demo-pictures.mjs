// Takes pictures of the live page: the two in docs/images, and whole ones to look at in out/demo-pictures, at the width
// of a desk and of a phone, light and dark.
//
//   npm run build:demo && npm run docs:demo

import { mkdirSync } from 'node:fs';
import { preview } from 'vite';
import { openBrowser, openPage } from './open-page.mjs';
import { root } from './package-check/run.mjs';

const screens = { desktop: { width: 1600, height: 1000 }, phone: { width: 390, height: 844 } };

const server = await preview({ configFile: `${root}/vite.demo.config.ts`, preview: { port: 0 } });
const browser = await openBrowser();
const folder = `${root}/out/demo-pictures`;
mkdirSync(folder, { recursive: true });

/** A page whose scenes have run and whose nets have learnt two moons for 150 steps or more, with all figures measured. */
async function trainedPage(viewport, colorScheme) {
  const page = await openPage(browser, { viewport, colorScheme });
  const shows = (id, pattern) => page.locator(`#${id}`, { hasText: pattern }).waitFor();
  await page.goto(server.resolvedUrls.local[0]);
  await shows('status', /^Ready/);
  for (const scene of await page.locator('.scene').all()) {
    await scene.locator('.stage').scrollIntoViewIfNeeded();
    await page.locator(`#${await scene.getAttribute('id')}[data-state=done]`).waitFor();
  }
  await page.click('#start');
  await shows('numbers', /After (1[5-9]\d|[2-9]\d\d|\d{4,}) steps/);
  await page.click('#start');
  await shows('status', /^Paused/);
  for (const figure of ['section', 'density', 'slice']) {
    await page.click(`#measure-${figure}`);
    await shows(`${figure}-words`, /After/);
  }
  return page;
}

try {
  for (const [screen, viewport] of Object.entries(screens)) {
    for (const scheme of ['light', 'dark']) {
      const page = await trainedPage(viewport, scheme);
      await page.screenshot({ path: `${folder}/${screen}-${scheme}.png`, fullPage: true });
      if (screen === 'desktop' && scheme === 'light') {
        const { x, y, width } = await page.locator('#playground').boundingBox();
        const { height } = await page.locator('#figures').boundingBox();
        const top = y + (await page.evaluate('scrollY'));
        const clip = { x: x - 16, y: top, width: width + 32, height: height + 88 };
        await page.screenshot({ path: `${root}/docs/images/live-page.png`, fullPage: true, clip });
        const map = page.locator('figure', { has: page.locator('#slice') }).first();
        await map.screenshot({ path: `${root}/docs/images/loss-map.png` });
      }
      await page.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
