import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';

/**
 * Something that a file of src/ assumes of TensorFlow.js and that TensorFlow.js does not promise. The name of the test says
 * which file has to change where it no longer holds.
 */
export function reliedOn(file: string, what: string, check: () => void | Promise<void>): void {
  if (!existsSync(join(import.meta.dirname, '../../src', file))) throw new Error(`There is no src/${file}.`);
  it(`src/${file}: ${what}`, check);
}
