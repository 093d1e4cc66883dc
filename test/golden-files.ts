import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GoldenFile } from './golden-case.js';

const folder = join(import.meta.dirname, 'golden');

/** Every reference file, by name. */
export function goldenFiles(): GoldenFile[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return (
    files
      // Losses that contain derivatives have a form of their own: see test/higher-order-case.ts.
      .filter((file) => file.endsWith('.json') && !file.startsWith('higher-order'))
      .sort()
      .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as GoldenFile)
  );
}
