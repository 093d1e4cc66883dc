// A page that loads the packed package in a browser, and says in its title whether that works.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findChromium, noChromium } from '../chromium.mjs';
import { openBrowser, openPage } from '../open-page.mjs';
import { separatePackages } from './consumers.mjs';
import { serve } from './serve.mjs';

export const html = (head) =>
  `<!doctype html><html lang="en"><head><title>waits</title>${head}</head></html>`;

/** The title a page gives itself, or the first error it throws. */
async function titleOf(url) {
  const browser = await openBrowser();
  try {
    const page = await openPage(browser);
    const failed = new Promise((_, reject) =>
      page.on('pageerror', ({ message }) => reject(new Error(message))),
    );
    await Promise.race([
      page.goto(url).then(() => page.waitForFunction('/^(works|expected|failed)/.test(document.title)')),
      failed,
    ]);
    return await page.title();
  } finally {
    await browser.close();
  }
}

/**
 * A check of a page: `files` are written to a folder of `project`, then `bundle` makes what is served from `out`.
 */
export function pageInBrowser(name, { files, project = separatePackages, out, bundle }) {
  return async ({ scratch, check }) => {
    if (findChromium() == null) {
      console.log(`skip  page: ${name} (${noChromium})`);
      return;
    }
    await check(`page: ${name}`, async () => {
      const folder = join(scratch, project, `page-${name.replaceAll(' ', '-')}`);
      for (const [file, text] of Object.entries(files)) {
        const path = join(folder, file);
        mkdirSync(join(path, '..'), { recursive: true });
        writeFileSync(path, text);
      }
      await bundle(folder);
      const root = join(folder, out);
      const server = await serve(root);
      try {
        const title = await titleOf(
          server.url + (out === '..' ? `/${basename(folder)}/index.html` : '/index.html'),
        );
        if (title !== 'works') throw new Error(title);
      } finally {
        server.close();
      }
    });
  };
}
