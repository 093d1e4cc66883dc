import { MissingPackageError, toPng, toSvg } from '../../src/plot/index.js';
import type { FindingReport } from './finding.js';
import type { RunStore } from './run-store.js';
import type { RunSettings } from './settings.js';

/** Draws the pictures of a finding and writes its report. Pictures are left out where vega or resvg is missing. */
export async function writeReport(
  store: RunStore,
  settings: RunSettings,
  report: FindingReport,
): Promise<void> {
  const drawn: string[] = [];
  for (const { name, caption, spec } of report.pictures) {
    try {
      store.write(`${name}.svg`, await toSvg(spec));
      store.write(`${name}.png`, await toPng(spec));
      drawn.push(`![${caption}](${name}.svg)\n\n*${caption}*`);
    } catch (error) {
      if (!(error instanceof MissingPackageError)) throw error;
      drawn.push(`(${caption}: not drawn. ${error.message})`);
    }
  }
  const { finding, data, model, size, seeds } = settings;
  const text = [
    `# ${finding}: ${model} on ${data}, size ${size}, seeds 1 to ${seeds}`,
    `The paper: ${report.claim}`,
    report.body,
    ...drawn,
    `Every number behind this is in records.json.`,
  ].join('\n\n');
  store.write('report.md', `${text}\n`);
}
