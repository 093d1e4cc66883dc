// npm run bench:pages [-- --only solvers,nsgd] [--dry]
// Measures everything that these tables tell, some 15 minutes on two idle cores, and writes each into the page under docs/ that has
// the markers that bear its name. --dry only prints them.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const docs = join(root, 'docs');
const pages = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .map((name) => join(docs, name));
const fused = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];
const script = (file, ...args) => [...fused, '--import', 'tsx', join(root, 'bench', file), ...args];

/** One thread, two, and all. */
const threads = [...new Set([1, 2, availableParallelism()])].filter(
  (count) => count <= availableParallelism(),
);

/** The parts, each with the arguments of `node`. */
const parts = {
  models: [join(root, 'bench/run.mjs'), '--fma', '--rounds', '7', '--threads', `${threads}`],
  'first-order': script('first-order.ts', '--rounds', '9'),
  solvers: [
    join(root, 'bench/solvers.mjs'),
    ...['--rounds', '3', '--threads', `${threads}`, '--only', 'share,mnist,cnn,products,jacobian'],
  ],
  nsgd: script('nsgd.ts', '--threads', `${threads}`, '--only', 'steps,epochs'),
  growth: script('growth.ts'),
};

const { values } = parseArgs({
  options: { only: { type: 'string', default: Object.keys(parts).join(',') }, dry: { type: 'boolean' } },
});
const tables = new Map();
for (const name of values.only.split(',')) {
  const args = parts[name];
  if (args == null) throw new Error(`--only: some of ${Object.keys(parts)}, not ${name}`);
  const start = performance.now();
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  });
  const text = stdout.toString();
  process.stdout.write(text);
  if (status !== 0) throw new Error(`${name} ended with status ${status}`);
  for (const [, table, body] of text.matchAll(/<!-- table: (.*?) -->\n([\s\S]*?)<!-- end: \1 -->/g)) {
    tables.set(table, body);
  }
  process.stderr.write(`${name} took ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
}

const placed = new Set();
for (const page of values.dry ? [] : pages) {
  const before = readFileSync(page, 'utf8');
  const after = before.replace(
    /(<!-- table: (.*?) -->\n)[\s\S]*?(<!-- end: \2 -->)/g,
    (all, open, name, close) => {
      if (!tables.has(name)) return all;
      placed.add(name);
      return `${open}${tables.get(name)}${close}`;
    },
  );
  if (after !== before) writeFileSync(page, after);
}
const lost = values.dry ? [] : [...tables.keys()].filter((name) => !placed.has(name));
if (lost.length > 0) throw new Error(`no page has a place for ${lost.join(', ')}`);
