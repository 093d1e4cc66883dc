import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RunError } from './run-error.js';
import { writeWhole } from './write-whole.js';

interface StoredRun {
  readonly fingerprint: unknown;
  readonly results: Record<string, unknown>;
}

/**
 * The results of a run, in `records.json` of its folder. Each new result is written to a temporary file that then
 * takes the place of the old one, so that a run that is stopped at any moment loses at most the unit it was at.
 */
export class RunStore {
  private results: Record<string, unknown>;

  /**
   * Opens a folder, which is made if need be.
   *
   * @param fingerprint the settings that results have to share to be put together
   * @throws RunError if the folder cannot be written, or holds the records of a run with other settings
   */
  constructor(
    readonly folder: string,
    private readonly fingerprint: unknown,
  ) {
    const stored = this.read();
    const own = asJson(fingerprint);
    if (stored != null && !isDeepStrictEqual(stored.fingerprint, own)) {
      throw new RunError(
        `${this.path} holds a run with other settings: choose another --out, or delete the folder. ` +
          `Differs in: ${differences(stored.fingerprint, own).join(', ')}`,
      );
    }
    this.results = { ...stored?.results };
    this.save();
  }

  get path(): string {
    return join(this.folder, 'records.json');
  }

  /** A result, or undefined where there is none yet. */
  get(id: string): unknown {
    return this.results[id];
  }

  /** Adds a result and writes all of them. */
  put(id: string, result: unknown): void {
    this.results = { ...this.results, [id]: asJson(result) };
    this.save();
  }

  /** Writes a file beside the records, whole or not at all. */
  write(name: string, content: string | Uint8Array): void {
    writeWhole(join(this.folder, name), content);
  }

  private save(): void {
    const stored: StoredRun = { fingerprint: this.fingerprint, results: this.results };
    this.write('records.json', `${JSON.stringify(stored, null, 1)}\n`);
  }

  private read(): StoredRun | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch {
      return null;
    }
    try {
      return JSON.parse(text) as StoredRun;
    } catch {
      throw new RunError(`${this.path} is no JSON: delete it to begin anew`);
    }
  }
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The paths at which two JSON values differ. */
function differences(a: unknown, b: unknown, path = ''): string[] {
  if (isDeepStrictEqual(a, b)) return [];
  if (!isObject(a) || !isObject(b)) return [`${path} (${JSON.stringify(a)}, now ${JSON.stringify(b)})`];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differences(a[key], b[key], path === '' ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
