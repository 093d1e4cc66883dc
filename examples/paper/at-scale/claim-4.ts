import { escapeChart } from '../../../src/plot/index.js';
import { escapeTable } from '../findings/escape.js';
import type { RecordedCloseUps } from './all-records.js';
import type { Block } from './block.js';
import { paperSetting } from './setting.js';
import type { Escape } from './close-up.js';
import { peakIndex } from './path-points.js';
import type { RecordedRun } from './record-file.js';
import { nameOf } from './training-run.js';

/** Steps of a variant from the peak of a path. */
export interface RecordedEscape {
  readonly path: RecordedRun;
  readonly escape: Escape;
}

/** The variants from the peak that each path has now. */
export function escapesOf(closeUps: readonly RecordedCloseUps[]): readonly RecordedEscape[] {
  return closeUps
    .filter(({ finding, path }) => finding === 'escape' && path.points.length > 0)
    .flatMap(({ path, results }) =>
      results
        .filter(({ epoch }) => epoch === path.points[peakIndex(path.points)]!.epoch)
        .map(({ result }) => ({ path, escape: result as Escape })),
    );
}

/** Claim 4: variants of SGD that act only in, or only outside, the sharpest direction. */
export function escapeBlock(closeUps: readonly RecordedCloseUps[]): Block {
  const escapes = escapesOf(closeUps);
  const [first] = escapes;
  if (first == null) return { text: '', pictures: [] };
  const alike = escapes.filter(({ path }) => path === first.path);
  const { epoch } = first.path.points[peakIndex(first.path.points)]!;
  const where = `${nameOf(first.path.run)}, from epoch ${epoch}`;
  return {
    text: escapeTable(escapes.map(({ escape }) => ({ result: escape }))),
    pictures: [
      {
        name: 'scale-escape',
        caption: `Escape from the peak at the paper’s scale, ${where}`,
        spec: escapeChart(
          alike.map(({ escape: { name, records } }) => ({
            name,
            records: records.map(({ step, loss, sharpness }) => ({ step, loss, sharpness })),
          })),
          { subtitle: `${paperSetting.subtitle}, ${where}` },
        ),
      },
    ],
  };
}
