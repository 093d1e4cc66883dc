import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PresetName } from '../../demo/presets.js';
import { presets } from '../../demo/presets.js';
import type { TrainingUpdate } from '../../demo/records.js';
import { descend, lossAt } from '../../demo/story/valley.js';
import { findChromium } from '../../scripts/chromium.mjs';
import { openBrowser, openPage } from '../../scripts/open-page.mjs';
import { DemoPage, patience, testTimeout } from './demo-page.js';
import type { Site } from './site.js';
import { serveDemo } from './site.js';

const executablePath = findChromium();

describe('the valley of the first scenes', () => {
  it('is descended along x as (1 − ηλ)ᵗ', () => {
    const places = descend({ x: 1, y: 1 }, 0.18, 3);
    // 1 − 0.18·10 = −0.8 and 1 − 0.18·1 = 0.82.
    expect(places.at(-1)!.x).toBeCloseTo((-0.8) ** 3, 12);
    expect(places.at(-1)!.y).toBeCloseTo(0.82 ** 3, 12);
    expect(lossAt({ x: 1, y: 2 })).toBe(5 + 2);
  });
});

describe.skipIf(executablePath == null)('the story of the live page', { timeout: testTimeout }, () => {
  let site: Site;
  let browser: Browser;
  let demo: DemoPage;

  beforeAll(async () => {
    site = await serveDemo();
    browser = await openBrowser();
  }, testTimeout);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });
  afterEach(() => demo?.close());

  /** Brings a scene into view, waits until it has run, and returns what it says. */
  const watch = async (id: string): Promise<string> => {
    await demo.page.locator(`#${id} .stage`).scrollIntoViewIfNeeded();
    await demo.page.locator(`#${id}[data-state=done]`).waitFor();
    return (await demo.page.locator(`#${id} .said`).textContent())!;
  };

  const after = (said: string, pattern: RegExp): number => Number(pattern.exec(said)?.[1]);

  it('shows what it tells', async () => {
    demo = await DemoPage.open(browser, site);
    expect(await watch('curving')).toBe(
      'Equally far from the bottom: loss 5 across the valley, 0.5 along it.',
    );
    const valley = await demo.savePicture('curving-stage');
    expect(valley).toMatch(/^<svg /);
    expect(valley).not.toContain('var(');
    expect(await watch('overshooting')).toContain('a little lower each time');
    await demo.page.locator('#step-length').press('End');
    await expect
      .poll(() => demo.page.locator('#overshooting .said').textContent(), patience)
      .toContain('Longer than 2/λ = 0.2: each step ends higher');

    const edge = await watch('edge');
    // Up to 2/η, and not far beyond.
    const reached = after(edge, /η = 0\.7: 2\/η is 2\.86, sharpness at most ([\d.]+)\./);
    expect(reached).toBeGreaterThan(2.5);
    expect(reached).toBeLessThan(3.3);

    expect((await demo.savePicture('edge-stage')).slice(1, 4)).toBe('PNG');

    const nudge = await watch('nudge');
    const of = (label: string, what: string): number =>
      after(nudge, new RegExp(`${label}: .*?${what} ([\\d.]+\\d)`));
    expect(of('γ = 0.01', 'at most')).toBeGreaterThan(1.3 * of('SGD', 'at most'));
    expect(of('γ = 0.01', 'loss')).toBeLessThan(of('SGD', 'loss'));
    expect(of('γ = 5', 'at most')).toBeLessThan(of('SGD', 'at most'));
    expect(of('random', 'at most') / of('SGD', 'at most')).toBeCloseTo(1, 1);

    const opinion = await watch('opinion');
    const loss = (move: string): number => after(opinion, new RegExp(`${move}: ([\\d.]+\\d)`));
    expect(loss('along e₁') - loss('as it is')).toBeGreaterThan(
      10 * Math.abs(loss('at random') - loss('as it is')),
    );
  });

  it('stands still at once for who wants no motion', async () => {
    const page = await openPage(browser, { reducedMotion: 'reduce' });
    await page.goto(site.url);
    await page.locator('#curving[data-state=done]').waitFor();
    expect(await page.locator('#curving .said').textContent()).toContain('loss 5 across');
    await page.close();
  });

  /** The point of each preset, in what it has recorded. */
  const points: Record<PresetName, (updates: readonly TrainingUpdate[]) => void> = {
    overshoot: (updates) => {
      const losses = updates.map(({ progress }) => progress.SGD!.loss);
      // With η = 0.5 there is not one.
      const rises = losses.filter((loss, i) => i > 0 && loss > 1.05 * losses[i - 1]!);
      expect(rises.length).toBeGreaterThan(1);
    },
    edge: (updates) => {
      const bound = 2 / updates[0]!.learningRate;
      expect(sharpest(updates, 'SGD') / bound).toBeGreaterThan(0.9);
      expect(sharpest(updates, 'SGD') / bound).toBeLessThan(1.2);
    },
    nudge: (updates) => {
      const { progress } = updates.at(-1)!;
      expect(progress.NSGD!.loss).toBeLessThan(0.8 * progress.SGD!.loss);
      expect(sharpest(updates, 'NSGD')).toBeGreaterThan(1.3 * sharpest(updates, 'SGD'));
    },
    flat: (updates) => {
      expect(sharpest(updates, 'NSGD')).toBeLessThan(0.7 * sharpest(updates, 'SGD'));
    },
    spectrum: (updates) => {
      expect(sharpest(updates, 'SGD')).toBeGreaterThan(2);
    },
  };

  const sharpest = (updates: readonly TrainingUpdate[], name: 'SGD' | 'NSGD'): number =>
    Math.max(...updates.map(({ curvature }) => curvature[name]!.eigenvalues[0] ?? 0));

  it.each(Object.keys(presets) as PresetName[])(
    'the preset %s shows its point in 150 steps',
    async (preset) => {
      demo = await DemoPage.open(browser, site, { preset });
      await demo.shows(({ step }) => step >= 150);
      await demo.page.click('#start');
      await demo.paused();
      points[preset]((await demo.save()).updates);
      expect(await demo.page.inputValue('#preset')).toBe(preset);
      expect(await demo.text('watch')).not.toBe('');
      if (preset !== 'spectrum') return;
      const [, end, peak] = /to ([\d.]+), most of it near (-?[\d.e-]+)\.$/.exec(
        await demo.measure('density'),
      )!;
      expect(Number(end)).toBeGreaterThan(20 * Math.abs(Number(peak)));
    },
  );

  it('carries a scene into the playground by its link', async () => {
    demo = await DemoPage.open(browser, site);
    await demo.page.locator('#edge a').click();
    await demo.shows(({ step, runs }) => step > 0 && runs.NSGD == null);
    expect(await demo.page.inputValue('[name=learningRate]')).toBe('0.7');
    expect(new URL(demo.page.url()).searchParams.get('learningRate')).toBe('0.7');
  });
});
