// Writes the tables of docs/in-the-browser.md from what was measured:
//
//   npm run test:browser && npm run build && npm run docs:browser
//   npm run build && npm run docs:sizes      the table of sizes alone

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { bin, root } from './package-check/run.mjs';

const document = `${root}/docs/in-the-browser.md`;
/** Report of the tests in the browser; without one only what needs none is written. */
const report = process.argv[2];
const { testResults } = report == null ? { testResults: [] } : JSON.parse(readFileSync(report, 'utf8'));

/** What each reference case came to, by backend and name. */
const results = new Map();
/** Times of gradients on WebGL. */
const timed = [];
for (const { assertionResults } of testResults) {
  for (const { title, status, meta } of assertionResults) {
    if (status === 'passed' && meta?.firstOrder != null) timed.push(meta.firstOrder);
    if (status !== 'passed' || meta?.golden == null) continue;
    const { backend } = meta.golden;
    if (!results.has(backend)) results.set(backend, new Map());
    results.get(backend).set(title, meta.golden);
  }
}
const backends = ['cpu', 'wasm', 'wasm-threaded', 'webgl', 'webgpu'].filter((name) => results.has(name));
if (report != null && backends.length === 0)
  throw new Error('the report holds no reference cases: run npm run test:browser');

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
const union = (pick) =>
  [...new Set(backends.flatMap((name) => pick(results.get(name))))].sort((a, b) => a.localeCompare(b));

/** The largest of the relative errors of loss, gradient and product, to one digit. */
function worst(measured) {
  if (measured == null) return 'not run';
  return Math.max(measured.loss, measured.gradient, measured.product).toExponential(0);
}

function errors() {
  const cases = union((byName) => [...byName.keys()]);
  return table(
    ['reference case', ...backends],
    cases.map((name) => [name, ...backends.map((backend) => worst(results.get(backend).get(name)))]),
  );
}

function kernels() {
  const ran = new Map(
    backends.map((name) => [name, new Set([...results.get(name).values()].flatMap((one) => one.kernels))]),
  );
  const all = union((byName) => [...byName.values()].flatMap((one) => one.kernels));
  return table(
    ['kernel', ...backends],
    all.map((kernel) => [
      `\`${kernel}\``,
      ...backends.map((name) => (ran.get(name).has(kernel) ? '✓' : '–')),
    ]),
  );
}

function times() {
  return table(
    ['model', 'gradient over our tape ÷ TensorFlow.js’s'],
    timed.map(({ model, ratio }) => [model, ratio.toFixed(2)]),
  );
}

function sizes() {
  const measured = JSON.parse(execFileSync(bin('size-limit'), ['--json'], { cwd: root, encoding: 'utf8' }));
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  return table(
    ['what is imported', 'minified, brotli', 'limit'],
    measured.map(({ name, size, sizeLimit }) => [
      name.replace(/<\w+>/, '`$&`'),
      kilobytes(size),
      kilobytes(sizeLimit),
    ]),
  );
}

let text = readFileSync(document, 'utf8');
for (const [name, make] of Object.entries(report == null ? { sizes } : { errors, kernels, times, sizes })) {
  const [begin, end] = [`<!-- ${name}: generated -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${document} has no place for ${name}`);
  text = `${text.slice(0, from + begin.length)}\n\n${make()}\n\n${text.slice(to)}`;
}
writeFileSync(document, text);
