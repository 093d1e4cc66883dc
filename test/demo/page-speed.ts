import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright';
import { openPage } from '../../scripts/open-page.mjs';
import type { Site } from './site.js';
import { threadTimes } from './thread-times.js';

/** How fast the live page is, in milliseconds of CPU time, so that it does not matter what else the machine does. */
export interface PageSpeed {
  /** The worker, for the first step and what is measured after it. */
  readonly firstStep: number;
  /** The worker, a step, measuring included. */
  readonly step: number;
  /** The longest task of the page while it trains: what is pressed in the middle of it waits as long. */
  readonly longestTask: number;
  /** Bytes of all files that were asked for, each once, as gzip makes them. */
  readonly transfer: number;
}

/** Opens the page with settings, starts it, and lets it train for 200 steps and more. */
export async function pageSpeed(browser: Browser, site: Site, query: string): Promise<PageSpeed> {
  const page = await openPage(browser);
  const stepFrom = async (least: number): Promise<number> => {
    const shown = await page.waitForFunction((from) => {
      const step = Number(
        /After (\d+) step/.exec(document.getElementById('numbers')!.textContent)?.[1] ?? NaN,
      );
      return step >= from ? step : false;
    }, least);
    return Number(await shown.jsonValue());
  };
  try {
    await page.goto(`${site.url}?${query}`);
    await page.locator('#status', { hasText: /^Ready/ }).waitFor();
    const single = await threadTimes(browser, page, async () => {
      await page.click('#step');
      await page.locator('#status', { hasText: 'Paused after step 1.' }).waitFor();
    });
    await page.click('#start');
    const first = await stepFrom(30);
    let last = first;
    const training = await threadTimes(browser, page, async () => {
      last = await stepFrom(first + 200);
    });
    return {
      firstStep: single.worker.total,
      step: training.worker.total / (last - first),
      longestTask: training.page.longest,
      transfer: [...site.served].reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0),
    };
  } finally {
    await page.close();
  }
}
