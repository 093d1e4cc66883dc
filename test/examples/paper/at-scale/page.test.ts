import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readAllRecords, recordNames } from '../../../../examples/paper/at-scale/all-records.js';
import type { Escape, StepsApart } from '../../../../examples/paper/at-scale/close-up.js';
import { closeUpFindings } from '../../../../examples/paper/at-scale/close-up.js';
import { blocksOf, pagesOf, withBlocks } from '../../../../examples/paper/at-scale/page.js';
import { allRuns, closeUpPaths } from '../../../../examples/paper/at-scale/rows.js';
import type { TrainingPoint } from '../../../../examples/paper/at-scale/training-point.js';
import type { TrainingRun } from '../../../../examples/paper/at-scale/training-run.js';
import { toSvg } from '../../../../src/plot/index.js';

const docs = fileURLToPath(new URL('../../../../docs', import.meta.url));
const folder = join(docs, 'paper/records');

describe('the pages that tell of the size paper', () => {
  it.each(pagesOf(readAllRecords(folder)))(
    '$file says what the records say: npm run docs:paper draws it',
    async ({ file, pictureFolder, blocks }) => {
      const page = readFileSync(join(docs, '..', file), 'utf8');
      expect(page).toBe(withBlocks(page, blocks, pictureFolder));
      for (const { name, spec } of Object.values(blocks).flatMap(({ pictures }) => pictures)) {
        expect(readFileSync(join(docs, 'paper', `${name}.svg`), 'utf8')).toBe(await toSvg(spec));
      }
    },
  );

  it('has records of runs that there are, under 2 MB in all', () => {
    const files = existsSync(folder) ? readdirSync(folder) : [];
    const known = recordNames();
    expect(new Set(known).size).toBe(known.length);
    expect(files.filter((name) => !known.includes(name))).toEqual([]);
    const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThan(2e6);
  });
});

describe('withBlocks', () => {
  const block = (text: string) => ({ text, pictures: [] });
  const page = (name: string) =>
    `a\n<!-- npm run docs:paper draws ${name} -->\nold\n<!-- end of ${name} -->\nb\n`;

  it('puts each block in its place, and says where there is nothing yet', () => {
    const drawn = withBlocks(page('x y') + page('z'), { 'x y': block('new'), z: block('') }, 'f');
    expect(drawn.replace(/<!--.*-->/g, '-').replace(/\n+/g, ' ')).toBe('a - new - b a - Not run yet. - b ');
    expect(withBlocks(drawn, { 'x y': block('new'), z: block('') }, 'f')).toBe(drawn);
  });

  it('refuses a block without a place, and a place without a block', () => {
    expect(() => withBlocks(page('x'), { x: block(''), y: block('') }, 'f')).toThrow(/differ in: y/);
    expect(() => withBlocks(page('x'), {}, 'f')).toThrow(/differ in: x/);
    expect(() => withBlocks(page('x').replace('end of', 'end'), { x: block('') }, 'f')).toThrow(/no line/);
  });
});

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

/** What is drawn where some runs have points and all others have not begun. */
function drawn(
  pointsOf: (run: TrainingRun) => readonly TrainingPoint[] | undefined,
  apart: Readonly<Record<number, StepsApart>> = {},
  escapes: Readonly<Record<number, readonly Escape[]>> = {},
) {
  const runs = allRuns.map((run) => ({ run, points: pointsOf(run) ?? [] }));
  const results = {
    decompose: Object.entries(apart),
    escape: Object.entries(escapes).flatMap(([epoch, all]) => all.map((one) => [epoch, one] as const)),
  };
  const closeUps = closeUpFindings.flatMap((finding) =>
    closeUpPaths.map((path, i) => ({
      finding,
      path: runs.find(({ run }) => run === path)!,
      results: (i > 0 ? [] : results[finding]).map(([epoch, result]) => ({
        id: finding === 'escape' ? `epoch ${epoch}, ${(result as Escape).name}` : `epoch ${epoch}`,
        epoch: Number(epoch),
        seconds: 900,
        result,
      })),
    })),
  );
  const blocks = blocksOf({ runs, closeUps });
  const cells = (name: string, start: string): string[][] =>
    blocks[name]!.text.split('\n')
      .filter((line) => line.startsWith(`| ${start} |`))
      .map((line) => line.split('|').map((cell) => cell.trim()));
  const verdict = (claim: number | string): string =>
    blocks
      .verdicts!.text.split('\n')
      .find((line) => line.startsWith(typeof claim === 'number' ? `| ${claim}.` : `| ${claim}`))!
      .split('|')[2]!
      .trim();
  return { blocks, cells, verdict };
}

const [sgd, nudged] = allRuns as [TrainingRun, TrainingRun];

describe('the blocks of runs', () => {
  const { blocks, cells, verdict } = drawn((run) => {
    if (run === sgd) {
      return [
        point(0, { checkSharpness: 11 }),
        point(1, { loss: 1.5, validationAccuracy: 0.7, testAccuracy: 0.75 }),
        point(2, { loss: 1.25 }),
      ];
    }
    if (run !== nudged) return undefined;
    return [
      point(0, {}),
      point(1, { loss: 1.125, eigenvalues: [44], testAccuracy: 0.7, trainingSeconds: 150 }),
    ];
  });

  it('compare at equal epochs, and at the best of each', () => {
    expect(cells('claim 5', 'γ = 0.01').map((row) => row.slice(3, 6))).toEqual([
      ['1', '1.13', '44'],
      ['1', '1.13', '44'],
    ]);
    // The second epoch of SGD has the lower loss, but a lower validation accuracy.
    expect(cells('claim 5', 'γ = 1 (SGD)').map((row) => row.slice(3, 5))).toEqual([
      ['1', '1.5'],
      ['1', '1.5'],
    ]);
  });

  it('say how far each run is', () => {
    const { text } = blocks.progress!;
    expect(text).toContain('| 5 | γ = 1 (SGD), seed 0 | 2 epochs | 15 epochs | 1.00 |');
    expect(text.match(/not begun/g)).toHaveLength(allRuns.length - 2 + 2 * closeUpPaths.length);
    expect(blocks.sample!.text).toContain('| γ = 1 (SGD), seed 0 | 0 | 10 | 11 |');
  });

  it('come to a verdict at the last epoch that both have', () => {
    expect(verdict(5)).toMatch(
      /^so far, after 1 epochs .* lower training loss in 1 of 1 seeds; the higher λ₁ in 1 of 1; /,
    );
    expect(verdict(5)).toMatch(/by -5 points; with .* takes 2.5 times as long; γ = 5 is not run yet/);
    expect(verdict(2)).toMatch(/^not run yet/);
    expect(drawn(() => undefined).verdict(5)).toMatch(/^not run yet/);
  });
});

describe('the block of paths', () => {
  it('counts the pairs that are in order, of the paths that are past their highest λ₁', () => {
    const path = (highest: number) =>
      [0, 0.5, 1, 1.5, 2].map((epoch, i) => point(epoch, { eigenvalues: [[5, highest, 9, 8, 7][i]!] }));
    const highestOf = ({ learningRate, batchSize }: TrainingRun): number =>
      learningRate === 0.05 ? { 32: 60, 1024: 50 }[batchSize]! : 2 / learningRate;
    const { verdict, cells } = drawn((run) =>
      run.finding === 'sharpness' && run.learningRate > 0.001 ? path(highestOf(run)) : undefined,
    );
    expect(verdict(1)).toMatch(
      /^λ₁ has its highest value behind it on 4 of 4 paths; by η 1 of 1 pairs are in order; by S 0 of 1 pairs/,
    );
    expect(cells('claim 1', 'η = 0.1, S = 128, seed 0')[0]!.slice(2, 8)).toEqual([
      '2',
      '5',
      '20',
      '0.5',
      '7',
      '20',
    ]);
    const rising = drawn((run) =>
      run === sgd ? [point(0, {}), point(1, { eigenvalues: [44] })] : undefined,
    );
    expect(rising.verdict(1)).toMatch(/ on 0 of 1 paths; an order by η or S is not to be told yet/);
  });
});

describe('the block of gradient descent', () => {
  it('tells λ₁ in units of 2/η, and the loss in a subspace beside all of it at the same step', () => {
    const [whole, , rest] = allRuns.filter(({ finding }) => finding === 'edge') as TrainingRun[];
    const descent = (losses: readonly number[], sharpness: number) =>
      losses.map((loss, i) => point(5 * i, { step: 5 * i, loss, eigenvalues: [i === 0 ? 4 : sharpness] }));
    const { verdict, cells, blocks } = drawn((run) => {
      if (run === whole) return descent([2, 1.5, 1, 0.5], 44);
      return run === rest ? descent([2, 1.75, 1.25], 70) : undefined;
    });
    // 44 · 0.05 / 2
    expect(cells('edge', 'η = 0.05')[0]!.slice(2, 6)).toEqual(['15', '44', '5', '1.1']);
    expect(verdict('Not of the paper: full')).toMatch(
      /^λ₁ over the second half is 1.1 times 2\/η with η = 0.05 in 15/,
    );
    expect(verdict('Not of the paper: it')).toContain(
      'without the sharpest directions: training loss 1.25 against 1 after 10 steps',
    );
    expect(blocks.edge!.pictures.map(({ name }) => name)).toEqual(['scale-edge', 'scale-subspaces']);
    // They are no paths of claim 1.
    expect(verdict('1.')).toMatch(/^not run yet/);
  });
});

describe('the block of points that are looked at closer', () => {
  const apart = (lossChange: number): StepsApart => ({
    eigenvalues: [100, 20],
    decomposition: {
      lossBefore: 2,
      records: ['e₁', 'e₅', 'random', 'full step'].flatMap((direction) =>
        [0.25, 1].map((alpha) => ({
          direction,
          alpha,
          lossChange: alpha * lossChange,
          standardDeviation: 0,
          meanStepLength: 1,
        })),
      ),
    },
    alignment: {
      records: (['e₁', 'e₅', 'random'] as const).map((direction, i) => ({
        direction,
        gradient: 'minibatch',
        meanCosine: 0,
        cosineStandardDeviation: 0,
        meanAbsCosine: [0.5, 0.05, 0.01][i]!,
        standardDeviation: 0,
      })),
      randomBaseline: 0.01,
      expectedRandomBaseline: 0.01,
    },
  });
  const sharpness = [1, 9, 5, 4];
  const escape = (name: string, loss: number, end: number): Escape => ({
    name,
    diverged: false,
    records: [50, end, end].map((value, step) => ({ step, loss: step === 0 ? 2 : loss, sharpness: value })),
  });
  const { blocks, cells, verdict } = drawn(
    (run) => (run === sgd ? sharpness.map((value, i) => point(i, { eigenvalues: [value] })) : undefined),
    // Those of epoch 0.5 were measured when it was the peak, and it is no point of the path any more.
    { 0: apart(-4), 1: apart(8), 2: apart(100), 0.5: apart(1) },
    {
      0.5: [escape('normal', 9, 9)],
      1: [escape('normal', 1, 30), escape('onlyTop', 1.875, 20), escape('removeTop', 1.25, 90)],
    },
  );

  it('tells them by what they are on the path now', () => {
    expect(cells('claims 2 and 3', 'peak, e₁')[0]!.slice(2, 4)).toEqual(['2', '8']);
    expect(cells('claim 4', 'normal').map((row) => row.slice(2, 6))).toEqual([['50', '30', '2', '1']]);
    expect(cells('claims 2 and 3', 'after the peak, e₁')[0]!.slice(2, 4)).toEqual(['25', '100']);
    expect(cells('claims 2 and 3', 'peak')[0]!.slice(2, 5)).toEqual(['50', '5', '1']);
    expect(blocks['claims 2 and 3']!.pictures.map(({ name }) => name)).toEqual([
      'scale-step-decomposition-beginning',
      'scale-step-decomposition-peak',
      'scale-alignment',
    ]);
    expect(blocks['claim 4']!.pictures).toHaveLength(1);
    expect(blocks.progress!.text).toContain(
      '| 2, 3 | along γ = 1 (SGD), seed 0 | 3 points | 4 points | 1.00 |',
    );
  });

  it('comes to verdicts', () => {
    expect(verdict(2)).toContain(
      'at the peak on 1 of 1 paths, at the beginning on 0 of 1 paths; at the peak it raises the loss on 1 of 1 paths',
    );
    expect(verdict(4)).toContain(
      'comes to 90 without the part along e₁, to 30 with SGD; along e₁ alone the loss comes from 2 to 1.88, with SGD to 1:',
    );
    expect(verdict(3)).toContain(
      'at the peak they point along e₁ 50 times as far as along a random direction, along e₅ 5 times',
    );
  });
});
