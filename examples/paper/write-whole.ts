import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { RunError } from './run-error.js';

/**
 * Writes a file whole or not at all, by way of a temporary one beside it. The folder is made if need be.
 *
 * @throws RunError if it cannot be written
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Other processes may write the same file.
    const part = `${path}.${process.pid}.part`;
    writeFileSync(part, content);
    renameSync(part, path);
  } catch (error) {
    throw new RunError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
