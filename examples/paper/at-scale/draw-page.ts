// Writes the section of docs/paper.md on the size `paper`, and its pictures, from the records: npm run docs:paper

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toSvg } from '../../../src/plot/index.js';
import { writeWhole } from '../write-whole.js';
import { sectionOf, withSection } from './page.js';
import { pictures } from './pictures.js';
import { readRecord } from './record-file.js';
import { allRuns } from './rows.js';
import { paperPlan } from './training-run.js';

const docs = fileURLToPath(new URL('../../../docs', import.meta.url));
const runs = allRuns.map((run) => ({ run, points: readRecord(join(docs, 'paper/records'), paperPlan, run) }));
const page = join(docs, 'paper.md');
writeWhole(page, withSection(readFileSync(page, 'utf8'), sectionOf(runs)));
for (const { name, spec } of pictures(runs)) {
  writeWhole(join(docs, 'paper', `${name}.svg`), await toSvg(spec));
}
