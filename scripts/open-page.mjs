// Opens the Chromium of this machine, and pages in it, for tests and scripts.

import { chromium } from 'playwright';
import { chromiumFlags, findChromium, noChromium } from './chromium.mjs';

/** Milliseconds that anything of a page is waited for: only to end what hangs. A busy machine is ten times slower. */
export const longestWait = 600_000;

/**
 * Starts a browser without a window.
 *
 * @throws Error where there is none
 */
export async function openBrowser(args = chromiumFlags) {
  const executablePath = findChromium();
  if (executablePath == null) throw new Error(noChromium);
  return chromium.launch({ executablePath, args: [...args], timeout: longestWait });
}

/** Opens a page whose every step is waited for as long. */
export async function openPage(browser, options = {}) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(longestWait);
  return page;
}
