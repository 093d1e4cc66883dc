// npx tsx bench/live-page.ts
// How fast the live page is on two moons and on MNIST, in CPU time, and what it downloads.
import { openBrowser } from '../scripts/open-page.mjs';
import { pageSpeed } from '../test/demo/page-speed.js';
import { serveDemo } from '../test/demo/site.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const browser = await openBrowser();
print('| | first step | steps in a second | longest task of the page | downloaded |');
print('|---|---|---|---|---|');
try {
  for (const data of ['moons', 'mnist']) {
    // A server of its own for each: what has been downloaded is counted anew.
    const site = await serveDemo();
    try {
      const { firstStep, step, longestTask, transfer } = await pageSpeed(browser, site, `data=${data}`);
      print(
        `| ${data} | ${firstStep.toFixed(0)} ms | ${(1000 / step).toFixed(0)} | ${longestTask.toFixed(0)} ms | ` +
          `${(transfer / 1000).toFixed(0)} kB |`,
      );
    } finally {
      await site.close();
    }
  }
} finally {
  await browser.close();
}
