// Checks the site that `npm run docs` has built, in a browser: no page scrolls sideways on a phone, axe-core finds nothing in
// either theme, the search finds a function, and each program of the gallery runs and prints what it says.
//
//   npm run check:site [-- --pictures]      --pictures leaves a picture of each page in out/site-pictures

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { findChromium, noChromium } from './chromium.mjs';
import { openBrowser, openPage } from './open-page.mjs';
import { root } from './package-check/run.mjs';
import { serve } from './package-check/serve.mjs';
import { checkPrinted } from './page-programs.mjs';

const site = join(root, 'out/site');
const pictures = process.argv.includes('--pictures') ? join(root, 'out/site-pictures') : null;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const base = new URL(homepage).pathname;

/** All pages but those of the API, which are alike: one of each kind. */
const pages = [
  ...readdirSync(site).filter((name) => name.endsWith('.html')),
  'api/index.html',
  'api/tfjs-curvature/index.html',
  'api/tfjs-curvature/classes/NSGD.html',
  'api/tfjs-curvature/functions/lanczos.html',
  'api/tfjs-curvature/interfaces/EigenResult.html',
  'api/tfjs-curvature/type-aliases/Which.html',
];
const widths = [390, 1280];
const themes = ['light', 'dark'];

let numFaults = 0;

function report(fault) {
  numFaults++;
  console.log(`FAIL  ${fault}`);
}

const expect = (holds, fault) => {
  if (!holds) report(fault);
};

/** What axe-core finds on a page. */
async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  return found.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} (${nodes.length})`);
}

/** Links of a page to pages of the site and to places in them. */
const linksWithin = (page) =>
  page.$$eval('a[href]', (links) =>
    links.filter(({ origin }) => origin === globalThis.location.origin).map(({ href }) => href),
  );

/** Looks for the pages that links lead to, those of the navigation, too, which VitePress does not look for. */
async function checkAddresses(links) {
  for (const address of new Set(links.map((link) => link.split('#')[0]))) {
    const response = await globalThis.fetch(address);
    await response.arrayBuffer();
    expect(response.ok, `${address} is linked, and there is no such page`);
  }
}

/** Looks for the places that links of the pages lead to: VitePress itself looks for the pages alone. */
async function checkAnchors(browser, all) {
  const links = all.filter((link) => new URL(link).hash.length > 1);
  const page = await openPage(browser);
  for (const address of new Set(links.map((link) => link.split('#')[0]))) {
    await page.goto(address, { waitUntil: 'domcontentloaded' });
    const ids = links
      .filter((link) => link.startsWith(`${address}#`))
      .map((link) => decodeURIComponent(new URL(link).hash.slice(1)));
    const missing = await page.evaluate(
      (names) => names.filter((name) => globalThis.document.getElementById(name) == null),
      ids,
    );
    // The page for addresses of no page has no content to skip to.
    const isFine = (id) => address.endsWith('/404.html') && id === 'VPContent';
    for (const id of missing) expect(isFine(id), `${address}#${id} leads to no place of its page`);
  }
  await page.close();
}

async function checkPage(page, name, where) {
  // The switch of the theme has its name only once the page has come to life.
  await page.locator('.VPSwitchAppearance[title=""]').first().waitFor({ state: 'detached' });
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = globalThis.document.documentElement;
    return { scrollWidth, clientWidth };
  });
  expect(scrollWidth <= clientWidth, `${where}: is ${scrollWidth} px wide`);
  for (const violation of await violations(page)) report(`${where}: ${violation}`);
  if (pictures != null) {
    const file = `${name.replace(/\W/g, '-')}-${where.split(' ').slice(1).join('-')}.png`;
    await page.screenshot({ path: join(pictures, file) });
  }
}

/** Runs each program on the gallery's page. */
async function checkPrograms(browser, url) {
  const page = await openPage(browser);
  await page.goto(`${url}gallery.html`);
  const programs = page.locator('.program');
  for (let i = 0; i < (await programs.count()); i++) {
    const program = programs.nth(i);
    const code = await program.locator('textarea').inputValue();
    await program.getByRole('button', { name: 'Run' }).click();
    await program
      .getByRole('status')
      .filter({ hasText: /Done|failed/ })
      .waitFor();
    const printed =
      (await program
        .locator('.program-output')
        .textContent()
        .catch(() => '')) ?? '';
    const where = code.split('\n')[0];
    expect((await program.getByRole('status').textContent()) === 'Done.', `${where}: ${printed}`);
    const charts = await program.locator('img').count();
    expect(charts === code.split('await toSvg(').length - 1, `${where}: has drawn ${charts} charts`);
    try {
      checkPrinted(code.replace(/^console.log\(await toSvg.*$/gm, ''), printed);
    } catch ({ message }) {
      report(`${where}: ${message}`);
    }
    if (pictures != null) await program.screenshot({ path: join(pictures, `program-${i}.png`) });
  }
  expect((await programs.count()) > 0, 'the gallery has no programs');
  await page.close();
}

async function checkSearch(browser, url) {
  const page = await openPage(browser);
  await page.goto(`${url}index.html`);
  await page.getByRole('button', { name: 'Search' }).first().click();
  await page.getByRole('searchbox').fill('lanczos');
  const found = page.locator('.result[href*="functions/lanczos"]').first();
  await found.waitFor();
  await page.close();
}

async function checkSite() {
  const server = await serve(site, base);
  const browser = await openBrowser();
  const url = `${server.url}${base}`;
  const links = new Set();
  try {
    if (pictures != null) mkdirSync(pictures, { recursive: true });
    for (const colorScheme of themes) {
      for (const width of pictures == null ? widths.slice(0, 1) : widths) {
        const page = await openPage(browser, { colorScheme, viewport: { width, height: 900 } });
        page.on('pageerror', ({ message }) => report(`${page.url()}: ${message}`));
        for (const name of pages) {
          await page.goto(url + name, { waitUntil: 'networkidle' });
          await checkPage(page, name, `${name} ${width} ${colorScheme}`);
          for (const link of await linksWithin(page)) links.add(link);
        }
        await page.close();
      }
    }
    await checkAddresses([...links]);
    await checkAnchors(browser, [...links]);
    await checkSearch(browser, url);
    await checkPrograms(browser, url);
  } finally {
    await browser.close();
    server.close();
  }
  console.log(`check:site: ${pages.length} pages, ${numFaults} faults`);
  process.exitCode = numFaults > 0 ? 1 : 0;
}

if (findChromium() == null) console.log(`skip  check:site (${noChromium})`);
else await checkSite();
