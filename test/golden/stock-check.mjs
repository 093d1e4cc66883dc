/**
 * What unmodified TensorFlow.js makes of the second derivatives of the reference cases: nests one
 * `tf.variableGrads` in another and compares with the double-precision numbers.
 *
 *   node test/golden/stock-check.mjs [part of a case name]     prints the tables
 *   node test/golden/stock-check.mjs --write                   puts those of all cases into docs/ops.md
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';

/** Relative error up to which a result counts as right: far above float32 rounding, far below a lost term. */
const tolerance = 1e-3;

const folder = import.meta.dirname;
const toTensor = ({ data, shape, dtype }) => tf.tensor(data, shape, dtype ?? 'float32');

function relativeError(got, want) {
  const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(want.map((value, i) => got[i] - value)) / norm(want);
}

async function load(file) {
  const model = await layers.models.modelFromJSON({ modelTopology: structuredClone(file.topology) });
  [...model.trainableWeights, ...model.nonTrainableWeights].forEach((weight, i) =>
    weight.write(toTensor(file.weights[i])),
  );
  let lossFunction = tf.losses[file.loss];
  if (lossFunction == null || file.loss === 'meanSquaredError') {
    model.compile({ optimizer: 'sgd', loss: file.loss });
    lossFunction = (model.model ?? model).lossFunctions[0];
  }
  const [x, y] = [toTensor(file.x), toTensor(file.y)];
  const loss = () => {
    const mean = tf.mean(lossFunction(y, model.apply(x, { training: file.training })));
    return model.calculateLosses().reduce((total, term) => tf.add(total, term), mean);
  };
  return { loss, variables: model.trainableWeights.map((weight) => weight.read()) };
}

/** Gradients in the order of the variables; zeros where the loss does not reach one. */
function gradientOf(f, variables) {
  const { grads } = tf.variableGrads(f, variables);
  return variables.map((variable) => grads[variable.name] ?? tf.zerosLike(variable));
}

function verdict(file, { loss, variables }) {
  let gradient;
  try {
    gradient = gradientOf(loss, variables).flatMap((part) => [...part.dataSync()]);
  } catch {
    return 'gradient throws';
  }
  if (!(relativeError(gradient, file.expected.grad.flat()) <= tolerance)) return 'gradient silently wrong';
  try {
    const v = file.v.map(toTensor);
    const slope = () =>
      gradientOf(loss, variables)
        .map((part, i) => tf.sum(tf.mul(part, v[i])))
        .reduce((total, term) => tf.add(total, term));
    const product = gradientOf(slope, variables).flatMap((part) => [...part.dataSync()]);
    const error = relativeError(product, file.expected.hv.flat());
    return error <= tolerance ? 'right' : 'product silently wrong';
  } catch {
    return 'product throws';
  }
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

await tf.setBackend('cpu');
const writes = process.argv[2] === '--write';
const wanted = writes ? '' : (process.argv[2] ?? '');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json') && file.includes(wanted))
  .sort();
const verdicts = [];
for (const path of files) {
  const file = JSON.parse(readFileSync(join(folder, path), 'utf8'));
  verdicts.push([file.name, verdict(file, await load(file))]);
}
const outcomes = [
  'right',
  'product silently wrong',
  'product throws',
  'gradient silently wrong',
  'gradient throws',
];
const count = (outcome) => verdicts.filter(([, result]) => result === outcome).length;
const tables = [
  table(
    ['', `of ${files.length}`],
    outcomes.map((outcome) => [outcome, count(outcome)]),
  ),
  table(['case', 'TensorFlow.js'], verdicts),
].join('\n\n');

if (writes) {
  const document = join(folder, '../../docs/ops.md');
  const text = readFileSync(document, 'utf8');
  const [begin, end] = ['<!-- stock: generated -->', '<!-- end of stock -->'];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${document} has no place for the tables`);
  writeFileSync(document, `${text.slice(0, from + begin.length)}\n\n${tables}\n\n${text.slice(to)}`);
} else {
  process.stdout.write(`${tables}\n`);
}
