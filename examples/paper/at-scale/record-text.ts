import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { RunError } from '../run-error.js';

/** Significant digits of measured numbers in a record. */
const digits = 6;

/** A record as JSON: what it is of, then a line for each thing that was measured. */
export function recordText(
  head: Readonly<Record<string, unknown>>,
  list: string,
  lines: readonly unknown[],
): string {
  const begin = Object.entries(head).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  const rows = lines.map((line) => JSON.stringify(rounded(line)));
  return `{\n${begin.join(',\n')},\n"${list}": [\n${rows.join(',\n')}\n]\n}\n`;
}

/**
 * What a record holds; null where there is none.
 *
 * @param head what it has to be of
 * @throws RunError for a record of something else, or a damaged one
 */
export function readRecordText(
  path: string,
  head: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const stored = parse(path, text);
  for (const [key, expected] of Object.entries(head)) {
    if (!isDeepStrictEqual(stored[key], expected)) {
      throw new RunError(
        `${path}: expected the ${key} ${JSON.stringify(expected)}, received ${JSON.stringify(stored[key])}`,
      );
    }
  }
  return stored;
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(digits));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, rounded(entry)]));
}

function parse(path: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new RunError(`${path} is no JSON: take it back from version control, or delete it to begin anew`);
  }
}
