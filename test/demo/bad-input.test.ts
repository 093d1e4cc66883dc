import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { openBrowser } from '../../scripts/open-page.mjs';
import type { Query } from './demo-page.js';
import { DemoPage, patience, testTimeout } from './demo-page.js';
import type { Site } from './site.js';
import { serveDemo } from './site.js';
import { Tab } from './tab.js';

const executablePath = findChromium();

/** A browser without WebGL and WebGPU, in which WebAssembly has no more than 128 MiB. */
const poorFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-3d-apis',
  '--disable-software-rasterizer',
  '--js-flags=--wasm-max-mem-pages=2048',
];

/** A net that is started fast, and takes little. */
const small: Query = { widths: 8, optimizer: 'sgd' };

describe.skipIf(executablePath == null)(
  'where things go wrong, the live page',
  { timeout: testTimeout },
  () => {
    let site: Site;
    let browser: Browser;
    let poorBrowser: Browser;
    let demo: DemoPage | null = null;

    beforeAll(async () => {
      site = await serveDemo();
      browser = await openBrowser();
      poorBrowser = await openBrowser(poorFlags);
    }, testTimeout);
    afterAll(async () => {
      await browser?.close();
      await poorBrowser?.close();
      await site?.close();
    });
    afterEach(async () => {
      await demo?.close();
      demo = null;
    });

    const open = async (query: Query, blocked?: string, from = browser): Promise<DemoPage> => {
      demo = await DemoPage.open(from, site, query, blocked);
      return demo;
    };

    it('stops with a message when the loss is no longer finite, and keeps the records', async () => {
      const demo = await open({ ...small, learningRate: 1e39 });
      await demo.page.click('#start');
      await expect
        .poll(() => demo.text('status'), patience)
        .toBe('Stopped: The loss of SGD is no longer a finite number: try a smaller learning rate.');
      expect((await demo.save()).updates[0]!.progress.SGD!.loss).toBeGreaterThan(0);
      expect(await demo.text('start')).toBe('Start');
      expect(await demo.page.isDisabled('#start')).toBe(true);
    });

    it('takes an MLP in place of a CNN for points, and says why', async () => {
      const demo = await open({ data: 'moons', net: 'cnn' });
      expect(await demo.text('problems')).toContain('a small CNN reads images, and two moons are points');
      expect(await demo.page.inputValue('[name=net]')).toBe('mlp');
      expect(await demo.page.getAttribute('[name=net]', 'aria-invalid')).toBe('true');
    });

    it('falls back to cpu where the WASM file is not served', async () => {
      const demo = await open({ ...small, backend: 'wasm' }, '**/*.wasm*');
      expect(await demo.text('status')).toBe('Ready, on cpu. wasm does not start here.');
      await demo.trainUntil(({ step }) => step >= 5);
    });

    it.each(['webgl', 'webgpu'])('falls back to wasm where there is no %s', async (backend) => {
      const demo = await open({ ...small, backend }, undefined, poorBrowser);
      expect(await demo.text('status')).toBe(`Ready, on wasm. ${backend} does not start here.`);
    });

    it('says that images or worker are not served', async () => {
      const demo = await open({ data: 'mnist' }, '**/mnist*.bin');
      expect(await demo.text('status')).toBe('Not started: The images of mnist cannot be loaded.');
      await demo.close();
      const other = await open(small, '**/worker*.js');
      expect(await other.text('status')).toBe('Not started: The worker that trains cannot be loaded.');
    });

    it('keeps the records of the run before when a net does not fit into memory', async () => {
      const demo = await open(small, undefined, poorBrowser);
      const { step } = await demo.trainUntil((snapshot) => snapshot.step >= 10);
      await demo.page.click('summary');
      await demo.page.fill('[name=widths]', '3000-3000');
      await demo.page.click('#reset');
      await demo.settle();
      expect(await demo.text('status')).toBe(
        'Not started: Out of memory. Take fewer or narrower layers, a smaller batch, or fewer directions.' +
          ' The records of the run before are kept.',
      );
      expect((await demo.save()).updates.at(-1)!.step).toBe(step);
      await demo.page.fill('[name=widths]', '8');
      await demo.page.click('#reset');
      await demo.settle();
      expect(await demo.text('status')).toBe('Ready, on wasm.');
    });

    it('stops when memory is used up in training, and keeps the records', async () => {
      // The curvature is measured on 256 examples, which fits; NSGD looks for its directions on a batch of 1000.
      const query: Query = { data: 'mnist', net: 'cnn', widths: '32-32', batchSize: 1000, optimizer: 'nsgd' };
      const demo = await open(query, undefined, poorBrowser);
      expect(await demo.text('status')).toBe('Ready, on wasm.');
      await demo.page.click('#start');
      await expect.poll(() => demo.text('status'), patience).toMatch(/^Stopped: Out of memory\./);
      expect((await demo.save()).updates[0]!.progress.NSGD!.loss).toBeGreaterThan(0);
    });

    it('says that its worker was killed, keeps the records, and starts another', async () => {
      const demo = await open(small);
      await demo.page.click('#start');
      await demo.shows(({ step }) => step >= 10);
      // The worker is gone before it could answer.
      await demo.page
        .workers()[0]!
        .evaluate(() => self.close())
        .catch(() => {});
      await expect
        .poll(() => demo.text('status'), patience)
        .toBe(
          'Stopped: The worker that trains is gone. The records so far are kept; Reset starts a new one.',
        );
      expect(await demo.page.isDisabled('#measure-slice')).toBe(true);
      expect((await demo.save()).updates.at(-1)!.step).toBeGreaterThanOrEqual(10);
      await demo.page.click('#reset');
      await demo.settle();
      await demo.trainUntil(({ step }) => step >= 5);
    });

    it('trains on in a hidden tab, and draws what was missed when it is shown again', async () => {
      const tab = await Tab.open(browser, `${site.url}?widths=8&optimizer=sgd`);
      const stepIn = async (expression: string): Promise<number> =>
        Number(/(\d+) steps/.exec(String(await tab.evaluate(expression)))?.[1] ?? NaN);
      const told = (): Promise<number> => stepIn('document.title');
      const shown = (): Promise<number> => stepIn('document.getElementById("numbers").textContent');
      const status = (): Promise<unknown> => tab.evaluate('document.getElementById("status").textContent');
      await expect.poll(status, patience).toBe('Ready, on wasm.');
      await tab.evaluate('document.getElementById("start").click()');
      await expect.poll(shown, patience).toBeGreaterThan(10);

      await tab.hide();
      await expect.poll(() => tab.evaluate('document.visibilityState'), patience).toBe('hidden');
      const hiddenAt = await shown();
      await expect.poll(told, patience).toBeGreaterThan(hiddenAt + 50);
      expect(await shown()).toBe(hiddenAt);

      await tab.show();
      await expect.poll(shown, patience).toBeGreaterThan(hiddenAt + 50);
      await tab.evaluate('document.getElementById("start").click()');
      await expect.poll(status, patience).toMatch(/^Paused/);
      await tab.close();
    });
  },
);
