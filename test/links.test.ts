import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const remark = join(root, 'node_modules/remark-cli/cli.js');
const plugin = (name: string): string => join(root, `node_modules/remark-${name}/index.js`);
// What the pages say does not depend on where the repository was cloned from.
const uses = ['--use', plugin('gfm'), '--use', `${plugin('validate-links')}=repository:false`];

/** What remark-validate-links finds wrong with the links between some pages, and with those to their headings. */
async function complaints(pages: string[], cwd = root): Promise<string[]> {
  const options = [
    '--quiet',
    '--frail',
    '--no-color',
    '--no-stdout',
    '--no-config',
    '--ignore-pattern',
    'api',
  ];
  try {
    await promisify(execFile)(process.execPath, [remark, ...options, ...uses, ...pages], { cwd });
    return [];
  } catch (error) {
    const { stderr } = error as { stderr: string };
    return stderr.match(/.*remark-validate-links:\S+/g) ?? [stderr];
  }
}

it('the links of all pages lead to a file, and to a heading in it', async () => {
  expect(
    await complaints(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'demo', 'examples']),
  ).toEqual([]);
});

it('and those that lead nowhere are found out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'links-'));
  try {
    writeFileSync(
      join(folder, 'a.md'),
      '# A\n\n[no file](c.md), [no heading](b.md#c), [nor here](#b), [one](b.md#b)\n',
    );
    writeFileSync(join(folder, 'b.md'), '# B\n');
    const found = await complaints(['.'], folder);
    expect(found).toHaveLength(3);
    expect(found.map((line) => /missing-[a-z-]+/.exec(line)?.[0])).toEqual([
      'missing-file',
      'missing-heading-in-file',
      'missing-heading',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('addresses of the site and of the sources are those of package.json', () => {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  const { homepage, repository } = JSON.parse(read('package.json')) as {
    homepage: string;
    repository: { url: string };
  };
  const own = [homepage, repository.url.replace(/^git\+|\.git$/g, '')];
  for (const file of ['README.md', 'CITATION.cff', 'demo/index.html']) {
    const addresses = read(file).match(/https:\/\/[^\s")]*tfjs-curvature[^\s")]*/g) ?? [];
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) {
      if (!address.startsWith('https://cdn.'))
        expect(own.some((start) => address.startsWith(start))).toBe(true);
    }
  }
});
