import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sectionOf, withSection } from '../../../../examples/paper/at-scale/page.js';
import { pictures } from '../../../../examples/paper/at-scale/pictures.js';
import { readRecord } from '../../../../examples/paper/at-scale/record-file.js';
import { allRuns } from '../../../../examples/paper/at-scale/rows.js';
import type { TrainingPoint } from '../../../../examples/paper/at-scale/training-point.js';
import { idOf, paperPlan } from '../../../../examples/paper/at-scale/training-run.js';
import { toSvg } from '../../../../src/plot/index.js';

const docs = fileURLToPath(new URL('../../../../docs', import.meta.url));
const folder = join(docs, 'paper/records');
const files = existsSync(folder) ? readdirSync(folder) : [];
const runs = allRuns.map((run) => ({ run, points: readRecord(folder, paperPlan, run) }));

describe('docs/paper.md at the size paper', () => {
  it('says what the records say: npm run docs:paper draws it', async () => {
    const page = readFileSync(join(docs, 'paper.md'), 'utf8');
    expect(page).toBe(withSection(page, sectionOf(runs)));
    for (const { name, spec } of pictures(runs)) {
      expect(readFileSync(join(docs, 'paper', `${name}.svg`), 'utf8')).toBe(await toSvg(spec));
    }
  });

  it('has records of runs that there are, under 2 MB in all', () => {
    const known = allRuns.map((run) => `${idOf(run)}.json`);
    expect(new Set(known).size).toBe(allRuns.length);
    expect(files.filter((name) => !known.includes(name))).toEqual([]);
    const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThan(2e6);
  });
});

describe('sectionOf', () => {
  const point = (epoch: number, values: Partial<TrainingPoint>): TrainingPoint => ({
    epoch,
    step: 351 * epoch,
    loss: 2,
    trainAccuracy: 0.5,
    validationAccuracy: 0.5,
    testAccuracy: 0.5,
    distance: 1,
    eigenvalues: [10],
    checkSharpness: null,
    trainingSeconds: 60,
    seconds: 3600,
    ...values,
  });
  const [sgd, nudged] = allRuns;
  const section = sectionOf([
    {
      run: sgd!,
      points: [
        point(0, { checkSharpness: 11 }),
        point(1, { loss: 1.5, validationAccuracy: 0.7 }),
        point(2, { loss: 1.25 }),
      ],
    },
    { run: nudged!, points: [point(0, {}), point(1, { loss: 1.125, eigenvalues: [44] })] },
    ...allRuns.slice(2).map((run) => ({ run, points: [] })),
  ]);
  const cells = (start: string): string[][] =>
    section
      .split('\n')
      .filter((line) => line.startsWith(start))
      .map((line) => line.split('|').map((cell) => cell.trim()));

  it('compares at equal epochs, and at the best of each', () => {
    expect(cells('| γ = 0.01 |').map((row) => row.slice(3, 6))).toEqual([
      ['1', '1.13', '44'],
      ['1', '1.13', '44'],
    ]);
    // The second epoch of SGD has the lower loss, but a lower validation accuracy.
    expect(cells('| γ = 1 (SGD) |').map((row) => row.slice(3, 5))).toEqual([
      ['1', '1.5'],
      ['1', '1.5'],
    ]);
  });

  it('says how far each run is', () => {
    expect(section).toContain('| 5 | γ = 1 (SGD), seed 0 | 2 | 15 | 1.00 |');
    expect(section).toContain('| γ = 1 (SGD), seed 0 | 0 | 10 | 11 |');
    expect(section.match(/not begun/g)).toHaveLength(allRuns.length - 2);
  });
});
