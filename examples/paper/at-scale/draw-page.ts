// Writes what pages tell of the size `paper`, and their pictures, from the records: npm run docs:paper

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toSvg } from '../../../src/plot/index.js';
import { writeWhole } from '../write-whole.js';
import { readAllRecords } from './all-records.js';
import { pagesOf, withBlocks } from './page.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
for (const { file, pictureFolder, blocks } of pagesOf(readAllRecords(join(root, 'docs/paper/records')))) {
  const page = join(root, file);
  writeWhole(page, withBlocks(readFileSync(page, 'utf8'), blocks, pictureFolder));
  for (const { name, spec } of Object.values(blocks).flatMap(({ pictures }) => pictures)) {
    writeWhole(join(root, 'docs/paper', `${name}.svg`), await toSvg(spec));
  }
}
