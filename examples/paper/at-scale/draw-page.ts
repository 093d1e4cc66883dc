// Writes the parts of docs/paper.md on the size `paper`, and their pictures, from the records: npm run docs:paper

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toSvg } from '../../../src/plot/index.js';
import { writeWhole } from '../write-whole.js';
import { readAllRecords } from './all-records.js';
import { blocksOf, withBlocks } from './page.js';

const docs = fileURLToPath(new URL('../../../docs', import.meta.url));
const blocks = blocksOf(readAllRecords(join(docs, 'paper/records')));
const page = join(docs, 'paper.md');
writeWhole(page, withBlocks(readFileSync(page, 'utf8'), blocks));
for (const { name, spec } of Object.values(blocks).flatMap(({ pictures }) => pictures)) {
  writeWhole(join(docs, 'paper', `${name}.svg`), await toSvg(spec));
}
