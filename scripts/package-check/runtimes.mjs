// Other runtimes than Node, and the tools that run or compile code in Node in ways of their own.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPrinted, programOf } from '../page-programs.mjs';
import { separatePackages } from './consumers.mjs';
import { firstProject } from './first-programs.mjs';
import { jestTest, vitestTest } from './programs.mjs';
import { bin, run } from './run.mjs';
import { install, writeAll } from './scratch-project.mjs';

/** Their binaries are packages on npm, for Linux on x64 these. */
const packages = ['@oven/bun-linux-x64', '@deno/linux-x64-glibc'];
const binaries = {
  Bun: ['@oven/bun-linux-x64/bin/bun'],
  Deno: ['@deno/linux-x64-glibc/deno', 'run', '--node-modules-dir=manual', '--allow-all'],
};

/** The first and the last TypeScript that the types are for, and those between that changed what they accept. */
const compilers = ['~5.4', '~5.9', '~6.0', '~7.0'];
const nameOf = (range) => `typescript-${range.slice(1)}`;

async function otherRuntimes({ scratch, check }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log('skip  Bun and Deno: their packages are those for Linux on x64');
    return;
  }
  const cwd = join(scratch, firstProject);
  const installed = await check('Bun and Deno: npm install', () => install(packages, cwd));
  if (!installed) return;
  const code = programOf('README.md');
  for (const [name, [binary, ...args]] of Object.entries(binaries)) {
    await check(`${name}: the program of README.md`, async () => {
      const { stdout } = await run(join(cwd, 'node_modules', binary), [...args, 'first.mjs'], { cwd });
      checkPrinted(code, stdout);
    });
  }
}

async function tools({ scratch, check }) {
  const cwd = join(scratch, separatePackages);
  const installed = await check('Jest and TypeScript: npm install', () =>
    install(['jest@^30', ...compilers.map((range) => `${nameOf(range)}@npm:typescript@${range}`)], cwd),
  );
  if (!installed) return;
  writeAll({ 'jest.test.cjs': jestTest, 'vitest.test.mjs': vitestTest }, cwd);
  const jest = ['node_modules/jest/bin/jest.js', '--testMatch', '**/jest.test.cjs'];
  await check('Jest, CommonJS', () => run('node', jest, { cwd }));
  writeFileSync(
    join(cwd, 'vitest.config.mjs'),
    "export default { test: { include: ['vitest.test.mjs'] } };\n",
  );
  await check('Vitest', () => run(bin('vitest'), ['run'], { cwd }));
  for (const range of compilers) {
    const name = nameOf(range);
    await check(`${name} compiles the same programs`, () =>
      run('node', [`node_modules/${name}/bin/tsc`, '-p', '.', '--noEmit'], { cwd }),
    );
  }
}

/** WebGPU in Node, drawn by the SwiftShader that comes with Debian's Chromium. */
async function webgpu({ scratch, check }) {
  const folder = '/usr/lib/chromium';
  if (!existsSync(join(folder, 'vk_swiftshader_icd.json'))) {
    console.log(`skip  WebGPU in Node: no SwiftShader in ${folder}`);
    return;
  }
  const cwd = join(scratch, firstProject);
  const code = programOf('docs/node-webgpu.md', 'js on-webgpu');
  await check('WebGPU in Node: the program of docs/node-webgpu.md', async () => {
    await install(['@tensorflow/tfjs-backend-webgpu@^4.22.0', 'webgpu@^0.6.2'], cwd);
    writeFileSync(join(cwd, 'gpu.mjs'), code);
    const drivers = { VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: folder };
    const { stdout } = await run('node', ['gpu.mjs'], { cwd, variables: drivers });
    checkPrinted(code, stdout);
  });
}

export async function runtimes(context) {
  await webgpu(context);
  await otherRuntimes(context);
  await tools(context);
}
