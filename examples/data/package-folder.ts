import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { DataFileError } from './data-file-error.js';

/**
 * The folder of an installed npm package that holds data.
 *
 * Looked for from examples/paper, whose own package installs the large data sets, and upwards to the root.
 *
 * @param remedy the command that installs it
 * @throws DataFileError where the package is not installed
 */
export function packageFolder(name: string, remedy: string): string {
  const from = createRequire(new URL('../paper/package.json', import.meta.url));
  try {
    return dirname(from.resolve(`${name}/package.json`));
  } catch {
    throw new DataFileError(name, 'the npm package with the data', `none: run ${remedy}`);
  }
}
