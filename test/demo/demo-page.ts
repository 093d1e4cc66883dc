import type { Browser, Page, Route } from 'playwright';
import { expect } from 'vitest';
import type { LossSlice, TrainingUpdate } from '../../demo/records.js';
import type { Settings } from '../../demo/settings.js';
import { longestWait, openPage } from '../../scripts/open-page.mjs';
import type { Site } from './site.js';

/** Every wait is for a condition. */
export const patience = { timeout: longestWait };

/** Time for a test of several such waits. */
export const testTimeout = 2 * longestWait;

/** The numbers of a run as the page tells them, in percent where they are shares. */
export interface RunNumbers {
  readonly loss: number;
  readonly accuracy: number;
  readonly sharpness: number;
  readonly topShare: number;
}

/** All numbers that the page shows at one moment. */
export interface Snapshot {
  readonly step: number;
  readonly runs: Readonly<Record<string, RunNumbers>>;
}

/** What the page saves. */
export interface SavedRecords {
  readonly settings: Settings;
  readonly updates: readonly TrainingUpdate[];
  readonly slice: readonly LossSlice[] | null;
}

export type Query = Partial<Record<keyof Settings | 'preset', string | number>>;

/** The live page, as a visitor has it before him. */
export class DemoPage {
  /** What scripts of the page threw and nobody caught. */
  readonly errors: Error[] = [];

  private constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.errors.push(error));
  }

  /**
   * Opens the page with settings, and waits until it says that it is ready, or that it is not.
   *
   * @param blocked addresses that are not served
   */
  static async open(browser: Browser, site: Site, query: Query = {}, blocked?: string): Promise<DemoPage> {
    const opened = new DemoPage(await openPage(browser));
    if (blocked != null) await opened.page.route(blocked, (route: Route) => route.abort());
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, `${value}`]));
    await opened.page.goto(`${site.url}?${search}`);
    await opened.settle();
    return opened;
  }

  /** Waits until a run is ready to be started, has been, or cannot be. */
  async settle(): Promise<void> {
    await expect.poll(() => this.text('status'), patience).toMatch(/^(Ready|Training|Not started)/);
  }

  async text(id: string): Promise<string> {
    return (await this.page.locator(`#${id}`).textContent()) ?? '';
  }

  /** What the page shows now, all from one reading of it. */
  async snapshot(): Promise<Snapshot> {
    const [head, rows] = await this.page.locator('#state').evaluate((table: HTMLTableElement) => {
      const cells = [...table.tBodies[0]!.rows].map((row) => [...row.cells].map((cell) => cell.innerText));
      return [table.caption!.textContent, cells] as const;
    });
    const runs = rows.map(([name, ...texts]) => {
      const [loss, accuracy, sharpness, topShare] = texts.map(parseFloat) as [number, number, number, number];
      return [name!, { loss, accuracy, sharpness, topShare }] as const;
    });
    return { step: Number(/After (\d+) step/.exec(head ?? '')?.[1] ?? NaN), runs: Object.fromEntries(runs) };
  }

  /** Waits until what the page shows is as it should be, and returns it. */
  async shows(isRight: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    let last: Snapshot | null = null;
    const isShown = async (): Promise<boolean> => isRight((last = await this.snapshot()));
    await expect.poll(isShown, { ...patience, message: 'the numbers shown' }).toBe(true);
    return last!;
  }

  /** Trains until the page shows what it should, pauses, and returns what it then shows. */
  async trainUntil(isReached: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    await this.page.click('#start');
    await this.shows(isReached);
    await this.page.click('#start');
    return this.paused();
  }

  /** Waits until training has paused and the page shows how things stand at that step. */
  async paused(): Promise<Snapshot> {
    await expect.poll(() => this.text('status'), patience).toMatch(/^Paused after step \d+\.$/);
    const step = Number(/\d+/.exec(await this.text('status'))![0]);
    return this.shows((snapshot) => snapshot.step === step);
  }

  /** Measures a figure, and returns what the page says of it. */
  async measure(figure: 'section' | 'density' | 'slice'): Promise<string> {
    await this.page.click(`#measure-${figure}`);
    await expect.poll(() => this.text(`${figure}-words`), patience).not.toBe('');
    return this.text(`${figure}-words`);
  }

  /** What the page saves. */
  async save(): Promise<SavedRecords> {
    return JSON.parse(await this.downloaded('#save')) as SavedRecords;
  }

  /** The picture that a figure saves. */
  async savePicture(figure: string): Promise<string> {
    return this.downloaded(`figure:has(#${figure}) .save-picture`);
  }

  private async downloaded(button: string): Promise<string> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download', patience),
      this.page.click(button),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  /** Leaves the page. Nothing may have gone wrong there unnoticed. */
  async close(): Promise<void> {
    await this.page.close();
    expect(this.errors).toEqual([]);
  }
}
