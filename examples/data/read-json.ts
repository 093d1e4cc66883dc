import { DataFileError } from './data-file-error.js';
import { readBytes } from './idx.js';

/**
 * The value a JSON file holds.
 *
 * @param expected what the file should be, for the error
 * @throws DataFileError for a file that is missing or is not JSON to its end
 */
export function readJson(path: string, expected: string): unknown {
  const text = readBytes(path, expected).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new DataFileError(path, expected, 'a file that is not JSON, or is truncated');
  }
}
