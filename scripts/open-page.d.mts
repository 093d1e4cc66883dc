import type { Browser, BrowserContextOptions, Page } from 'playwright';

export const longestWait: number;
export function openBrowser(args?: readonly string[]): Promise<Browser>;
export function openPage(browser: Browser, options?: BrowserContextOptions): Promise<Page>;
