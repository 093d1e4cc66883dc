import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { configurations } from './configurations.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../out/tfjs');
const require = createRequire(import.meta.url);

/** One file with the tests, what they test and one copy of tfjs-core, which all packages have to share. */
async function bundle(name) {
  const imports = ['./environment.ts', ...configurations[name].imports, '@tensorflow/tfjs-core/dist/tests'];
  const outfile = join(out, `${name}.cjs`);
  await build({
    stdin: { contents: imports.map((path) => `import '${path}';`).join('\n'), resolveDir: here },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    // Its package says that its files have no side effects, of which tests consist.
    ignoreAnnotations: true,
    // Tests look at the names of classes.
    keepNames: true,
    tsconfig: join(here, '../../tsconfig.json'),
    external: ['jasmine-core/*'],
    logLevel: 'error',
  });
  return outfile;
}

/**
 * Bundles and runs tfjs-core's tests in a process of their own.
 *
 * @param part only tests whose names contain this
 */
export async function runConfiguration(name, part) {
  mkdirSync(out, { recursive: true });
  const file = await bundle(name);
  const report = join(out, `${name}.json`);
  const args = [join(here, 'run-bundle.cjs'), file, report, ...(part === undefined ? [] : [part])];
  const env = {
    ...process.env,
    TEST_BACKEND: configurations[name].backend,
    WASM_BINARIES: `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`,
  };
  const log = [];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => log.push(text));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  if (code !== 0) throw new Error(`${name}: the tests ended with ${code}\n${log.join('').slice(-4000)}`);
  return JSON.parse(readFileSync(report, 'utf8'));
}
