// The manifest of the packed package, as it lies in a project that has installed it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstProject } from './first-programs.mjs';

/** Scripts that npm runs in whose project the package is installed. */
const runOnInstall = ['preinstall', 'install', 'postinstall', 'prepare'];

export async function manifest({ scratch, check }) {
  await check('the packed manifest', () => {
    const folder = join(scratch, firstProject, 'node_modules/tfjs-curvature');
    const packed = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const wrong = [
      ...runOnInstall.filter((name) => name in packed.scripts).map((name) => `a script ${name}`),
      ...['main', 'module', 'types', 'unpkg', 'jsdelivr']
        .filter((field) => !existsSync(join(folder, packed[field])))
        .map((field) => `no file for ${field}`),
    ];
    // npm's page resolves the links of the README by `repository`, and shows the other two beside it.
    const [, owner, name] = /github\.com\/([^/]+)\/([^/]+)\.git$/.exec(packed.repository.url);
    const addresses = {
      homepage: `https://${owner}.github.io/${name}/`,
      bugs: `https://github.com/${owner}/${name}/issues`,
    };
    for (const [field, address] of Object.entries(addresses)) {
      if (packed[field] !== address) wrong.push(`${field} is not ${address}`);
    }
    if (wrong.length > 0) throw new Error(`expected a manifest for everyone, received ${wrong.join(', ')}`);
  });
}
