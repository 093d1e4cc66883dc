import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunError } from '../../../examples/paper/run-error.js';
import { RunStore } from '../../../examples/paper/run-store.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'run-store-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('RunStore', () => {
  it('finds its results again, with the same settings', () => {
    new RunStore(join(folder, 'deep', 'run'), { size: 'tiny', plan: { seeds: undefined } }).put(
      'seed 1',
      [1, 2],
    );
    const again = new RunStore(join(folder, 'deep', 'run'), { size: 'tiny', plan: {} });
    expect(again.get('seed 1')).toEqual([1, 2]);
    expect(again.get('seed 2')).toBeUndefined();
  });

  it('refuses to go on with other settings, says which, and leaves the records', () => {
    new RunStore(folder, { size: 'tiny', plan: { steps: 5 } }).put('seed 1', 7);
    const before = readFileSync(join(folder, 'records.json'), 'utf8');
    expect(() => new RunStore(folder, { size: 'tiny', plan: { steps: 6 } })).toThrow(RunError);
    expect(() => new RunStore(folder, { size: 'tiny', plan: { steps: 6 } })).toThrow(
      /plan\.steps \(5, now 6\)/,
    );
    expect(readFileSync(join(folder, 'records.json'), 'utf8')).toBe(before);
  });

  it('says so where the folder cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => new RunStore(join(folder, 'file'), {})).toThrow(/cannot write/);
    expect(() => new RunStore(join(folder, 'file'), {})).toThrow(RunError);
  });

  it('keeps the records there are when new ones cannot be written', () => {
    const store = new RunStore(folder, {});
    store.put('seed 1', 1);
    // A folder in the place of the temporary file: writing it fails, as on a full disk.
    mkdirSync(join(folder, `records.json.${process.pid}.part`));
    expect(() => store.put('seed 2', 2)).toThrow(RunError);
    rmSync(join(folder, `records.json.${process.pid}.part`), { recursive: true });
    expect(new RunStore(folder, {}).get('seed 1')).toBe(1);
  });

  it('leaves no temporary file', () => {
    new RunStore(folder, {}).write('report.md', 'text');
    expect(readdirSync(folder).sort()).toEqual(['records.json', 'report.md']);
  });

  it('does not take a damaged file for an empty one', () => {
    writeFileSync(join(folder, 'records.json'), '{"fingerprint":');
    expect(() => new RunStore(folder, {})).toThrow(/no JSON/);
    expect(existsSync(join(folder, 'records.json'))).toBe(true);
  });
});
